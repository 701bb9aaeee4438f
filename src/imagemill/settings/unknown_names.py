"""Names of variables that are probably misspelt, or that another one makes void."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

# Only these beginnings: others' variables share the environment.
PREFIXES: Final = ("PG_", "REDIS_", "DATABASE_")
# What Kubernetes sets for a service named "redis" or "pg".
OF_KUBERNETES: Final = re.compile(r"\w+_(SERVICE_(HOST|PORT)\w*|PORT_\d+_\w+)")
# Similarity of difflib, from 0 to 1. "PG_PASSWRD" and "PG_PASSWORD" have 0.95. A beginning of a
# name, or more than it, is nearer than what is less than almost the same: "REDIS_USER" means
# "REDIS_USERNAME" and not "REDIS_URL", which has 0.84.
ALMOST_THE_SAME: Final = 0.9
MIN_SIMILARITY: Final = 0.75
MIN_BEGINNING: Final = len("PG_HOST")
# What the URL says instead.
VOID: Final[Mapping[str, tuple[str, ...]]] = {
    "DATABASE_URL": ("PG_HOST", "PG_PORT", "PG_USER", "PG_PASSWORD", "PG_DBNAME"),
    "REDIS_URL": ("REDIS_HOST", "REDIS_PORT", "REDIS_USERNAME", "REDIS_PASSWORD"),
}


def find_near_misses(environment: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each unknown name that is near to a known one, and that one."""
    names = set(known)
    for name in sorted(set(environment) - names):
        if name.startswith(PREFIXES) and not OF_KUBERNETES.fullmatch(name):
            near = (
                get_close_matches(name, names, 1, ALMOST_THE_SAME)
                or _find_extensions(name, names)
                or get_close_matches(name, names, 1, MIN_SIMILARITY)
            )
            if near:
                yield name, near[0]


def _find_extensions(name: str, names: Iterable[str]) -> list[str]:
    found = [
        one
        for one in names
        if (one.startswith(name) or name.startswith(one)) and len(name) >= MIN_BEGINNING
    ]
    return sorted(found, key=lambda one: abs(len(one) - len(name)))


def find_void(environment: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each URL that is set beside variables that it replaces, and these."""
    for url, replaced in VOID.items():
        if environment.get(url) or environment.get(f"{url}_FILE"):
            found = [
                name for one in replaced for name in (one, f"{one}_FILE") if environment.get(name)
            ]
            if found:
                yield url, found
