"""A slow receiver of webhooks, and the check that it got one message for the end of each job."""

import json
import time
from collections import defaultdict
from http import HTTPStatus

from psycopg.rows import dict_row

from chaos.history import Findings, Row
from imagemill.jobs.job import ENDED
from imagemill.settings.addresses import PostgresAddress
from support.receiver import Answer, Receiver
from support.servers import connect

# Long enough that a worker which is killed has some under way.
ANSWER_SECONDS = 1.0

JOBS = """
    SELECT jobs.id, jobs.status,
           array_agg(webhook_id) FILTER (WHERE webhook_id IS NOT NULL) AS webhook_ids
      FROM jobs LEFT JOIN deliveries ON job_id = jobs.id
     GROUP BY jobs.id
"""


def answer_slowly(_: int) -> Answer:
    time.sleep(ANSWER_SECONDS)
    return HTTPStatus.OK, {}


def examine_webhooks(findings: Findings, postgres: PostgresAddress, receiver: Receiver) -> None:
    """Compare what the receiver got with the ended jobs in the job store."""
    bodies = _bodies(receiver)
    with connect(postgres) as connection:
        jobs = connection.cursor(row_factory=dict_row).execute(JOBS).fetchall()
    for job in jobs:
        if job["status"] in ENDED:
            _examine_end(findings, job, bodies)
    findings.wrong += [f"{webhook_id} belongs to no job that has ended" for webhook_id in bodies]


def _bodies(receiver: Receiver) -> dict[str, list[bytes]]:
    """Return everything that came, by `webhook-id`."""
    bodies = defaultdict(list)
    while not receiver.queue.empty():
        received = receiver.queue.get()
        bodies[received.headers["webhook-id"]].append(received.body)
    return bodies


def _examine_end(findings: Findings, job: Row, bodies: dict[str, list[bytes]]) -> None:
    webhook_ids = job["webhook_ids"] or []
    if len(webhook_ids) != 1:
        findings.wrong.append(f"{job['id']} has ended once and has {len(webhook_ids)} webhooks")
        return
    received = bodies.pop(webhook_ids[0], [])
    if not received:
        findings.lost.append(f"the webhook of {job['id']} never came")
        return
    findings.delivered += 1
    findings.delivered_again += len(received) > 1
    if len(set(received)) > 1:
        findings.doubled.append(f"{job['id']} has two different messages")
    data = json.loads(received[0])["data"]
    if (data["id"], data["status"]) != (str(job["id"]), job["status"]):
        findings.wrong.append(f"{job['id']} is {job['status']} and its message says {data}")
