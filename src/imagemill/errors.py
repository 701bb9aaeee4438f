"""Base classes of the errors that imagemill foresees; any other exception is a bug.

The class says what the caller can do: correct the request, or retry later. Every package derives
its own errors from these and translates foreign ones into them; only `gateway/problem.py` maps them
to HTTP.
"""

from typing import ClassVar


class ServiceError(Exception):
    """An error that was foreseen. Its message is a sentence that says what is wrong."""


class Rejected(ServiceError):
    """The caller can correct this: the request or the image is at fault."""


class SettingsError(ServiceError):
    """A setting has a wrong value. The message is one sentence that names its variable."""


class Unavailable(ServiceError):
    """A retry may succeed later: PostgreSQL, Redis or the storage is unavailable.

    `is_logged`: where it is raised it is logged too, once for each outage (outages.py).
    """

    is_logged: ClassVar[bool] = False
