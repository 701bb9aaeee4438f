"""Callback URLs at the gateway: those that are refused, and the deliveries of the others."""

from uuid import uuid4

import httpx
import pytest

from imagemill.settings.addresses import PostgresAddress
from support.client import Json, upload
from support.pictures import picture
from support.servers import connect

PUBLIC = "https://8.8.8.8/hook"
# A name that never resolves (RFC 6761, 6.4).
NOWHERE = "https://receiver.invalid/hook"


def canceled(api: httpx.Client, callback_url: str = PUBLIC) -> str:
    """Return the id of a job that has ended, without a worker to send its webhook."""
    job_id = upload(api, picture(), callback_url=callback_url)
    api.post(f"/jobs/{job_id}/cancel")
    return job_id


def deliveries(api: httpx.Client, job_id: str) -> list[Json]:
    return list(api.get(f"/jobs/{job_id}/deliveries").json()["deliveries"])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1:8000/",
        "http://2130706433/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://169.254.169.254/latest/meta-data",
        "http://192.168.1.1/",
        "http://localhost/",
        "http://LOCALHOST./",
    ],
)
def test_an_address_that_is_not_public_is_refused_and_nothing_kept(
    api: httpx.Client, url: str
) -> None:
    answer = api.post("/upload", files={"file": picture()}, data={"callback_url": url})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "/callback_url", "detail": "resolves to an address that is not public"}
    ]
    assert api.get("/jobs").json()["jobs"] == []


def test_a_name_that_does_not_resolve_is_accepted_and_tried_later(
    api: httpx.Client, postgres_address: PostgresAddress
) -> None:
    job_id = upload(api, picture(), callback_url=NOWHERE)
    with connect(postgres_address) as connection:
        rows = connection.execute("SELECT id::text, callback_url FROM jobs").fetchall()
    assert rows == [(job_id, NOWHERE)]


def test_a_callback_may_be_a_query_parameter_beside_a_bare_image(
    api: httpx.Client, postgres_address: PostgresAddress
) -> None:
    answer = api.post(
        "/upload",
        params={"callback_url": "HTTPS://8.8.8.8:443/hook#part"},
        content=picture(),
        headers={"Content-Type": "image/jpeg"},
    )
    assert answer.status_code == 202
    with connect(postgres_address) as connection:
        assert connection.execute("SELECT callback_url FROM jobs").fetchall() == [(PUBLIC,)]


def test_a_job_that_has_not_ended_has_no_delivery(api: httpx.Client) -> None:
    assert deliveries(api, upload(api, picture(), callback_url=PUBLIC)) == []


def test_the_deliveries_of_a_job_say_where_they_go_and_when(api: httpx.Client) -> None:
    (delivery,) = deliveries(api, canceled(api))
    assert delivery["webhook_id"].startswith("msg_")
    assert delivery["next_try_at"].endswith("Z")
    assert delivery == {
        "n": 1,
        "event": "job.canceled",
        "url": PUBLIC,
        "webhook_id": delivery["webhook_id"],
        "status": "PENDING",
        "tries": 0,
        "last_status_code": None,
        "last_error": None,
        "next_try_at": delivery["next_try_at"],
        "delivered_at": None,
    }


def test_a_delivery_can_be_asked_for_again(api: httpx.Client) -> None:
    job_id = canceled(api)
    (before,) = deliveries(api, job_id)
    answer = api.post(f"/jobs/{job_id}/deliveries/1/redeliver")
    assert answer.status_code == 202
    after = answer.json()
    assert after["next_try_at"] > before["next_try_at"]
    assert after | {"next_try_at": None} == before | {"next_try_at": None}


@pytest.mark.parametrize(
    ("n", "status"), [("2", 404), ("99999999999999999999", 404), ("0", 422), ("first", 422)]
)
def test_of_deliveries_only_those_that_exist_can_be_asked_for(
    api: httpx.Client, n: str, status: int
) -> None:
    answer = api.post(f"/jobs/{canceled(api)}/deliveries/{n}/redeliver")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_job_has_no_deliveries(api: httpx.Client) -> None:
    assert api.get(f"/jobs/{uuid4()}/deliveries").status_code == 404
    assert api.post(f"/jobs/{uuid4()}/deliveries/1/redeliver").status_code == 404


def test_a_deleted_job_takes_its_deliveries_along(
    api: httpx.Client, postgres_address: PostgresAddress
) -> None:
    job_id = canceled(api)
    api.delete(f"/jobs/{job_id}")
    with connect(postgres_address) as connection:
        assert connection.execute("SELECT count(*) FROM deliveries").fetchall() == [(0,)]
