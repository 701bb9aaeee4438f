"""Errors of embedded servers and services."""

from imagemill.errors import Unavailable


class EmbeddedError(Unavailable):
    """An embedded server or service did not start, or cannot go on."""
