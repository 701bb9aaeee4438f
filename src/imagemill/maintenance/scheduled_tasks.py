"""Work that is done once in a while by one worker for all.

No leader and no lock: whoever comes first when it is due puts off the next time and does it. If it
dies on the way, another does it the next time.
"""

from datetime import timedelta

from imagemill.postgres.pool import Postgres

TAKE = """
    UPDATE scheduled_tasks SET due_at = now() + %(interval)s
     WHERE name = %(name)s AND due_at <= now()
    RETURNING name
"""


async def claim_scheduled_task(postgres: Postgres, name: str, interval: timedelta) -> bool:
    """Return whether the chore is due and now the caller's. Raises DatabaseUnavailable."""
    return bool(await postgres.run(TAKE, {"name": name, "interval": interval}))
