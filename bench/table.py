"""Rows for the table `jobs` by the hundred thousand, as gateways and workers would leave them."""

from dataclasses import dataclass
from typing import Final, Self

import psycopg
import redis
from psycopg.conninfo import make_conninfo

from imagemill.jobs.job import Priority
from imagemill.redis.queue import KEYS
from imagemill.settings.addresses import PostgresAddress, RedisAddress

CHUNK: Final = 100_000
QUEUE: Final = KEYS[Priority.NORMAL]

# What an upload of a picture of 20 KB stores.
FACTS: Final = """
    '{"filename": "cat.jpg", "media_type": "image/jpeg", "bytes": 20000, "sha256":
      "abababababababababababababababababababababababababababababababab",
      "width": null, "height": null, "frames": null}'::jsonb
"""
PIPELINE: Final = """'{"outputs": [{"name": "image", "width": 160, "format": "jpeg"}]}'::json"""

ADD: Final = f"""
    INSERT INTO jobs (id, input_path, input, pipeline)
    SELECT id, 'inputs/' || right(id::text, 3) || '/' || id || '.jpg', {FACTS}, {PIPELINE}
      FROM (SELECT uuidv7() AS id FROM generate_series(1, %(count)s)) AS new
    RETURNING id::text
"""  # noqa: S608 - constants

# As they are after their last change, with their history; older than all that wait.
ADD_ENDED: Final = f"""
    WITH new AS (
        SELECT uuidv7(-age) AS id, now() - age AS at
          FROM (SELECT make_interval(secs => 86400 + n * 0.01) AS age
                  FROM generate_series(%(first)s::bigint, %(first)s::bigint + %(count)s - 1) AS n)),
    jobs AS (
        INSERT INTO jobs (id, status, input_path, output_path, input, pipeline, outputs, attempts,
                          fence, run_at, created_at, started_at, completed_at, updated_at)
        SELECT id, 'COMPLETED', 'inputs/' || right(id::text, 3) || '/' || id || '.jpg',
               'outputs/' || right(id::text, 3) || '/' || id || '/1/image.jpg', {FACTS}, {PIPELINE},
               jsonb_build_array(jsonb_build_object(
                   'name', 'image', 'path', 'outputs/' || id || '/1/image.jpg',
                   'media_type', 'image/jpeg', 'bytes', 5000, 'width', 160, 'height', 130,
                   'frames', 1, 'sha256', repeat('cd', 32))),
               1, 1, at, at, at, at, at
          FROM new)
    INSERT INTO job_events (job_id, at, status, attempt)
    SELECT id, at, status, attempt
      FROM new, (VALUES ('PENDING', 0), ('PROCESSING', 1), ('COMPLETED', 1)) AS e (status, attempt)
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class JobTable:
    """The table `jobs` and the queue of ids, by connections of their own."""

    postgres: psycopg.Connection
    redis: "redis.Redis"

    @classmethod
    def open(cls, pg: PostgresAddress, valkey: RedisAddress) -> Self:
        conninfo = make_conninfo(
            host=pg.host, port=pg.port, user=pg.user, password=pg.password, dbname=pg.dbname
        )
        return cls(
            psycopg.connect(conninfo, autocommit=True),
            redis.Redis(host=valkey.host, port=valkey.port, password=valkey.password),
        )

    def close(self) -> None:
        self.postgres.close()
        self.redis.close()

    def add(self, count: int) -> list[str]:
        """Insert waiting jobs as uploads do, triggers included, and push their ids."""
        ids: list[str] = []
        for start in range(0, count, CHUNK):
            parameters = {"count": min(CHUNK, count - start)}
            chunk = [row[0] for row in self.postgres.execute(ADD, parameters)]
            self.redis.rpush(QUEUE, *chunk)
            ids += chunk
        return ids

    def add_ended(self, count: int) -> None:
        """Insert jobs that were completed long ago, without the triggers."""
        with self.postgres.transaction():
            self.postgres.execute("ALTER TABLE jobs DISABLE TRIGGER USER")
            for start in range(0, count, CHUNK):
                chunk = {"first": count - start - min(CHUNK, count - start)}
                self.postgres.execute(ADD_ENDED, chunk | {"count": min(CHUNK, count - start)})
            self.postgres.execute("ALTER TABLE jobs ENABLE TRIGGER USER")

    def clear(self) -> None:
        self.redis.flushall()
        self.postgres.execute("TRUNCATE jobs, job_events CASCADE")

    def settle(self) -> None:
        """Leave no work to autovacuum that belongs to the filling."""
        self.postgres.execute("VACUUM (ANALYZE) jobs")
        self.postgres.execute("VACUUM (ANALYZE) job_events")

    def count_queued(self) -> int:
        return int(self.redis.llen(QUEUE))

    def count_open(self) -> int:
        """Return how many jobs have not ended."""
        return self._number("SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'PROCESSING')")

    def is_open(self, job_id: str) -> bool:
        """Return whether this job has not ended: a lookup, where a count reads dead rows too."""
        statement = "SELECT count(*) FROM jobs WHERE id = %s AND completed_at IS NULL"
        return bool(self._number(statement, job_id))

    def now(self) -> str:
        return str(self.postgres.execute("SELECT now()::text").fetchall()[0][0])

    def count_ended_since(self, moment: str) -> int:
        statement = "SELECT count(*) FROM jobs WHERE status = 'COMPLETED' AND completed_at > %s"
        return self._number(statement, moment)

    def _number(self, statement: str, *parameters: object) -> int:
        return int(self.postgres.execute(statement.encode(), parameters).fetchall()[0][0])
