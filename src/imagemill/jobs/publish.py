"""The function by which a change of jobs is published; see redis/notifications.py."""

from collections.abc import Callable, Iterable

from imagemill.jobs.job import JobId

# Called with the ids of the changed jobs after each statement. Must neither block nor raise.
Publish = Callable[[Iterable[JobId]], None]


def publish_nothing(_: Iterable[JobId]) -> None:
    """Do nothing: subscribers find the changes by their next poll."""
