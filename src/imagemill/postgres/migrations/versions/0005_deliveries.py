"""Webhooks to be sent, written by the transaction that ends the job."""

from imagemill.postgres.migrations.upgrade import run_sql_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql_file("0005_deliveries.sql")
