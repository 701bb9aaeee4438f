"""API keys that may only read the metrics."""

from imagemill.postgres.migrations.upgrade import run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql_file("0003_metrics_keys.sql")
