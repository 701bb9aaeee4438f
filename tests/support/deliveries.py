"""Webhook deliveries as a client reads them, and a way to make them due at once."""

import json

import httpx

from imagemill.settings.addresses import PostgresAddress
from support.client import Json
from support.process import wait_until
from support.servers import connect


def deliveries(client: httpx.Client, job_id: str) -> list[Json]:
    return list(client.get(f"/jobs/{job_id}/deliveries").json()["deliveries"])


def wait_for_delivery(client: httpx.Client, job_id: str, n: int = 1) -> Json:
    """Return the job's n-th delivery once it is no longer PENDING."""
    wait_until(
        lambda: any(
            one["n"] == n and one["status"] != "PENDING" for one in deliveries(client, job_id)
        ),
        "the delivery ends",
        lambda: json.dumps(deliveries(client, job_id)),
    )
    return deliveries(client, job_id)[n - 1]


def make_due(postgres: PostgresAddress) -> None:
    """Make every pending delivery due now, also those that a dead worker has claimed."""
    with connect(postgres) as connection:
        connection.execute("UPDATE deliveries SET next_try_at = now() WHERE status = 'PENDING'")
