"""Which job an Idempotency-Key stands for."""

from imagemill.postgres.migrations.upgrade import run_sql_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql_file("0004_idempotency.sql")
