"""Modules that libraries import for features which no service uses: memory, and time to start."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

UNUSED: Final = (
    "rich",  # structlog's framed tracebacks: 4 MiB, a tenth of a second
    "opentelemetry.sdk",  # redis-py's own metrics, where the extra `otel` is installed: 2 MiB
)


@contextmanager
def without_unused_modules() -> Iterator[None]:
    """Let their imports fail during the block, in which the libraries are to be imported.

    A library that tries such an import goes on without it. None in sys.modules makes an import
    fail (Python's reference, 5.3.1).
    """
    hidden = [name for name in UNUSED if name not in sys.modules]
    modules: dict[str, object] = sys.modules  # type: ignore[assignment]  # None is a value too
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]
