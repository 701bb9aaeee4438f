"""How those who change jobs tell of it: a function that is handed the ids of jobs that changed."""

from collections.abc import Callable, Iterable

from imagemill.jobs.job import JobId

# Called after the statement; must neither block nor raise. See redis/notifications.py.
Publish = Callable[[Iterable[JobId]], None]


def publish_nothing(_: Iterable[JobId]) -> None:
    """Publish nothing: whoever waits for these jobs finds out by the next poll."""
