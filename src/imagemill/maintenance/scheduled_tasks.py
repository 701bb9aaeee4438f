"""Tasks that one worker at a time runs for all, each once in an interval.

There is no leader and no lock: the worker that finds a task due postpones it by the interval and
runs it. If that worker dies on the way, the task runs again an interval later.
"""

from dataclasses import dataclass
from datetime import timedelta

from imagemill.postgres.pool import Postgres

CLAIM = """
    UPDATE scheduled_tasks SET due_at = now() + %(interval)s
     WHERE name = %(name)s AND due_at <= now()
    RETURNING name
"""


@dataclass(frozen=True, slots=True)
class ScheduledTasks:
    """The table `scheduled_tasks`."""

    postgres: Postgres

    async def claim(self, name: str, interval: timedelta) -> bool:
        """Return whether the task was due, which makes it the caller's to run.

        Raises DatabaseUnavailable.
        """
        return bool(await self.postgres.run(CLAIM, {"name": name, "interval": interval}))
