"""Webhooks as a client sees them, and a way past their waits."""

import json

import httpx

from imagemill.settings.addresses import PostgresAddress
from support.client import Json
from support.process import wait_until
from support.servers import connect


def deliveries(client: httpx.Client, job_id: str) -> list[Json]:
    return list(client.get(f"/jobs/{job_id}/deliveries").json()["deliveries"])


def settled(client: httpx.Client, job_id: str, n: int = 1) -> Json:
    """Return the job's n-th delivery once it is no longer PENDING."""
    wait_until(
        lambda: any(
            one["n"] == n and one["status"] != "PENDING" for one in deliveries(client, job_id)
        ),
        "the delivery settles",
        lambda: json.dumps(deliveries(client, job_id)),
    )
    return deliveries(client, job_id)[n - 1]


def make_due(postgres: PostgresAddress) -> None:
    """Let every wait be over, and every hold of a worker that died."""
    with connect(postgres) as connection:
        connection.execute("UPDATE deliveries SET next_try_at = now() WHERE status = 'PENDING'")
