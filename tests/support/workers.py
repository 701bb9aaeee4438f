"""Rows of workers, as running ones write them."""

from datetime import timedelta
from uuid import UUID, uuid4

from imagemill.settings.addresses import PostgresAddress
from support.servers import connect

LIFETIME = timedelta(minutes=1)


def note_worker(
    address: PostgresAddress, host: str = "render-1", *, seen_for: timedelta = LIFETIME
) -> UUID:
    """Note a worker that counts as live for so long; with a negative time it is lost already."""
    worker_id = uuid4()
    with connect(address) as connection:
        connection.execute(
            "INSERT INTO workers"
            " (id, host, version, concurrency, sandbox, last_seen_at, expires_at)"
            " VALUES (%s, %s, '0.1.0', 2, 'full: landlock abi 7, seccomp, rlimits',"
            " now() + %s - interval '1 min', now() + %s)",
            [worker_id, host, seen_for, seen_for],
        )
    return worker_id
