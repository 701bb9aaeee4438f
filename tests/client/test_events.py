"""Both clients follow events, over connections that are lost."""

from itertools import islice
from urllib.parse import urlsplit

import pytest

from client.conftest import ClientOf
from imagemill.client import Client, NotFound, ServerUnreachable
from support.pictures import picture
from support.process import free_port
from support.proxy import CLOSED, OPEN, Proxy
from support.server import Server

LINE_SEPARATOR = "\N{LINE SEPARATOR}"


def test_a_job_is_followed_to_its_end(client: Client) -> None:
    job = client.upload(picture(), filename=f"a{LINE_SEPARATOR}b.jpg")
    events = list(client.events(job))
    *_, last = events
    assert {event.job_id for event in events} == {job.id}
    assert last.job is not None
    assert (last.job.status, last.job.pipeline) == ("COMPLETED", None)
    assert last.job.input.filename == f"a{LINE_SEPARATOR}b.jpg"
    assert list(client.events(job, last_event_id=last.id)) == []
    told = [event.job.status for event in client.events(job, last_event_id="0") if event.job]
    assert told == ["PENDING", "PROCESSING", "COMPLETED"]


@pytest.mark.usefixtures("frozen_worker")
def test_a_job_that_is_deleted_is_followed_to_that(client: Client) -> None:
    job = client.upload(picture())
    events = client.events(job)
    assert next(events).job is not None
    client.delete(job)
    *_, last = events
    assert (last.job, last.job_id) == (None, job.id)


def test_no_event_is_missed_when_connections_are_lost(server: Server, client_of: ClientOf) -> None:
    address = urlsplit(server.url)
    client = client_of(server.url)
    with Proxy.to(str(address.hostname), address.port or 0) as proxy:
        first = client.upload(picture(), wait=30)
        since = list(client.events(first, last_event_id="0"))[-1].id
        events = client_of(f"http://127.0.0.1:{proxy.port}").events(last_event_id=since)
        jobs = [client.upload(picture(), wait=30)]
        told = list(islice(events, 3))
        proxy.become(CLOSED)
        jobs.append(client.upload(picture(), wait=30))
        proxy.become(OPEN)
        jobs.append(client.upload(picture(), wait=30))
        told += islice(events, 6)
    assert [event.job_id for event in told] == [job.id for job in jobs for _ in range(3)]


def test_a_server_that_never_answered_is_given_up(client_of: ClientOf) -> None:
    client = client_of(f"http://127.0.0.1:{free_port()}", max_tries=1)
    with pytest.raises(ServerUnreachable):
        next(client.events())


def test_a_job_that_is_not_there_is_told(client: Client) -> None:
    job = client.upload(picture(), wait=30)
    client.delete(job)
    with pytest.raises(NotFound):
        next(client.events(job))
