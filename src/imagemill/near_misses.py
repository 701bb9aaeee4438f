"""Near misses: the known word that an unknown one was probably meant to be."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

# Similarity of difflib, from 0 to 1. "jpg" and "jpeg" have 0.86, "widht" and "width" 0.8.
MIN_SIMILARITY: Final = 0.6
QUOTED: Final = re.compile("'([^']*)'")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'jpeg'?" for the most similar known word, or an empty string.

    Case and the separators `-` and `_` do not count.
    """
    by_plain_form = {_plain(one): str(one) for one in known}
    found = get_close_matches(_plain(word)[:64], by_plain_form, 1, MIN_SIMILARITY)
    return f"; did you mean {by_plain_form[found[0]]!r}?" if found else ""


def describe_invalid(error: Mapping[str, Any], siblings: Iterable[str] = ()) -> str:
    """Return what an error of pydantic says, and which word was probably meant.

    `siblings` are the names that are known where an unknown one was found.
    """
    match error:
        case {"type": "literal_error" | "enum", "input": str(word), "ctx": {"expected": expected}}:
            return f"{error['msg']}{did_you_mean(word, QUOTED.findall(expected))}"
        case {"type": "extra_forbidden", "loc": (*_, name)}:
            return f"is not a field here{did_you_mean(str(name), siblings)}"
        case {"type": "uuid_parsing"}:
            return "is not a UUID"
    return str(error["msg"]).removeprefix("Value error, ")


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
