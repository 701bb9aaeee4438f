"""The table of the workers that run."""

from imagemill.postgres.migrations.upgrade import run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql_file("0002_workers.sql")
