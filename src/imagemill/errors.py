"""The two kinds of failure that imagemill foresees; anything else is a bug.

The kind tells the caller what to do: mend the request, or try the same again later. A room
derives its own errors from these and turns foreign ones into them; HTTP is known to
`gateway/problem.py` alone.
"""


class ServiceError(Exception):
    """A failure that was foreseen. Its message is one sentence a person can act on."""


class Rejected(ServiceError):
    """The caller can mend this: the request or the picture is at fault."""


class Unavailable(ServiceError):
    """Time can mend this: a neighbour such as PostgreSQL or the storage is away."""
