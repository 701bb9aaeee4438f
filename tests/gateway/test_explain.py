"""GET /jobs/{id}/explain, over HTTP, on a real PostgreSQL."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from imagemill.jobs import explain_query
from imagemill.jobs.explain_query import read_job_context
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import ErrorCode, JobError, JobId, JobNotFound, KeyId
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from support.client import upload
from support.jobs import completed, failed, new_job
from support.pictures import picture
from support.servers import connect
from support.workers import note_worker

MEMBERS = {
    "summary",
    "place_in_line",
    "holder",
    "last_heartbeat",
    "next_try_at",
    "last_error",
}


def explained(api: httpx.Client, job_id: str) -> dict[str, Any]:
    answer = api.get(f"/jobs/{job_id}/explain")
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json().keys() == MEMBERS
    return dict(answer.json())


def let_wait(address: PostgresAddress, *ids: str, since: timedelta) -> None:
    """Let these jobs have been due for so long."""
    with connect(address) as connection:
        connection.execute(
            "UPDATE jobs SET run_at = now() - %s WHERE id = ANY(%s::uuid[])", [since, list(ids)]
        )


def test_the_position_in_the_queue_goes_by_priority_and_then_by_age(
    api: httpx.Client, postgres_address: PostgresAddress
) -> None:
    low = upload(api, picture(), priority="low")
    later = upload(api, picture())
    urgent = upload(api, picture(), priority="high")
    sooner = upload(api, picture())
    not_due = upload(api, picture(), priority="high")
    let_wait(postgres_address, sooner, since=timedelta(seconds=40))
    let_wait(postgres_address, not_due, since=-timedelta(minutes=1))
    places = [explained(api, one)["place_in_line"] for one in (urgent, sooner, later, low, not_due)]
    assert places == [1, 2, 3, 4, None]


def test_a_queue_without_workers_is_explained(
    api: httpx.Client, postgres_address: PostgresAddress
) -> None:
    upload(api, picture())
    last = upload(api, picture())
    absent = "It waits in the queue behind 1 job; no worker runs, start one"
    assert explained(api, last)["summary"] == f"{absent}."
    note_worker(postgres_address, seen_for=timedelta(minutes=-10))
    assert explained(api, last)["summary"] == f"{absent} (the last was seen 11 minutes ago)."
    note_worker(postgres_address)
    assert explained(api, last)["summary"] == "It waits in the queue behind 1 job."


def test_workers_that_run_and_claim_nothing_are_explained(
    api: httpx.Client, postgres_address: PostgresAddress
) -> None:
    first, last = upload(api, picture()), upload(api, picture())
    note_worker(postgres_address)
    let_wait(postgres_address, first, since=timedelta(minutes=10))
    assert explained(api, last)["summary"] == (
        "It waits in the queue behind 1 job, and no worker has claimed a job since the first"
        " was due, 10 minutes ago, although 1 worker runs: read its log."
    )


async def test_workers_count_as_idle_when_none_has_claimed_a_job_lately_and_none_is_busy(
    api: httpx.Client, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    done, waiting = upload(api, picture()), upload(api, picture())
    note_worker(postgres_address)
    let_wait(postgres_address, waiting, since=timedelta(minutes=10))
    claims = await leases.claim([JobId(UUID(done))])
    assert explained(api, waiting)["summary"] == "It is next in the queue."
    with connect(postgres_address) as connection:
        connection.execute("UPDATE job_events SET at = now() - interval '5 min'")
    # A worker has taken none for long, since it is busy with that one.
    assert explained(api, waiting)["summary"] == "It is next in the queue."
    await leases.finish([completed(claim) for claim in claims])
    assert "no worker has claimed a job for 5 minutes" in explained(api, waiting)["summary"]


async def test_a_processed_job_is_explained_by_its_worker(
    api: httpx.Client, leases: JobLeases
) -> None:
    job_id = upload(api, picture())
    (claim,) = await leases.claim([JobId(UUID(job_id))])
    found = explained(api, job_id)
    assert (found["holder"], found["place_in_line"]) == (str(leases.worker), None)
    assert found["last_heartbeat"].endswith("Z")
    assert f"Worker {leases.worker} is processing it, attempt 1 of 3" in found["summary"]
    error = JobError(ErrorCode.TIMED_OUT, "It took too long.")
    await leases.retry_later(claim, error, timedelta(hours=1))
    found = explained(api, job_id)
    assert found["last_error"] == {"code": "timed_out", "detail": "It took too long."}
    assert found["next_try_at"] == api.get(f"/jobs/{job_id}").json()["run_at"]
    assert (found["holder"], found["last_heartbeat"]) == (None, None)
    assert found["summary"].startswith("It waits for its next attempt, in 59 minutes at ")


async def test_a_job_that_has_ended_waits_for_nothing(api: httpx.Client, leases: JobLeases) -> None:
    ids = [upload(api, picture()) for _ in range(3)]
    good, bad = await leases.claim([JobId(UUID(one)) for one in ids[:2]])
    await leases.finish([completed(good), failed(bad)])
    api.post(f"/jobs/{ids[2]}/cancel")
    for job_id, word in ((good.id, "completed"), (bad.id, "failed"), (ids[2], "canceled")):
        found = explained(api, str(job_id))
        assert word in found["summary"]
        assert (found["holder"], found["next_try_at"], found["place_in_line"]) == (None,) * 3


def test_the_route_behaves_as_its_neighbours_do(api: httpx.Client) -> None:
    job_id = upload(api, picture())
    head = api.head(f"/jobs/{job_id}/explain")
    assert (head.status_code, head.content) == (httpx.codes.OK, b"")
    assert api.get(f"/jobs/{uuid4()}/explain").status_code == httpx.codes.NOT_FOUND
    wrong = api.get("/jobs/no-uuid/explain")
    assert wrong.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/path/id"]
    described = api.get("/openapi.json").json()["components"]["schemas"]["Explanation"]
    assert described["properties"].keys() == set(described["required"]) == MEMBERS
    assert described["properties"]["summary"]["examples"] == [
        "It waits in the queue behind 12 jobs."
    ]


async def test_a_job_of_another_owner_is_not_found(job_store: JobStore) -> None:
    job = await job_store.accept(new_job())
    assert (await read_job_context(job_store, job.id)).job == job
    with pytest.raises(JobNotFound):
        await read_job_context(job_store.scoped_to(KeyId(new_job_id())), job.id)


async def test_of_a_long_queue_no_more_is_read_than_is_counted(
    job_store: JobStore,
    pool: Postgres,
    postgres_address: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with connect(postgres_address) as connection:
        connection.execute(
            "INSERT INTO jobs (id, input_path, input, pipeline, run_at)"
            " SELECT gen_random_uuid(), 'x', '{}', '{}', now() - interval '1 s' * n"
            " FROM generate_series(1, 20000) n"
        )
        connection.execute("ANALYZE jobs")
    last = await job_store.accept(new_job())
    monkeypatch.setattr(explain_query, "MAX_COUNTED", 50)
    found = (await read_job_context(job_store, last.id)).ahead
    assert found is not None
    assert (found.count, found.is_exact) == (50, False)
    parameters = {"id": last.id, "owner": None, "max_counted": 50, "max_events_read": 50}
    rows = await pool.run(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {explain_query.JOB_CONTEXT}", parameters
    )
    plan = rows[0]["QUERY PLAN"][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 100
