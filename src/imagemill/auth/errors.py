"""Credentials that are refused."""

from typing import ClassVar

from imagemill.errors import Rejected


class KeyRefused(Rejected):
    """The request came without an API key, or with one that is unknown or revoked."""

    oauth_error: ClassVar[str | None] = None
    """The error code of RFC 6750, section 3.1; none for a request without a key."""


class KeyUnknown(KeyRefused):
    """The request came with an API key that is unknown or revoked."""

    oauth_error = "invalid_token"


class InsufficientScope(KeyRefused):
    """The API key is valid, but not for this: one for metrics is for nothing else."""

    oauth_error = "insufficient_scope"


class AdminRequired(InsufficientScope):
    """The API key is valid, but not an admin's."""


class LinkRefused(Rejected):
    """The signed link was altered, or it has expired."""
