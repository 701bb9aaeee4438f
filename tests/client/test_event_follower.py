"""What a client makes of the bytes of a stream."""

import httpx
import pytest

from imagemill.client.errors import UnexpectedResponse
from imagemill.client.event_follower import EventFollower

JOB_ID = "01a20a24-c533-70b0-90a7-5a920844137c"
OF_A_NEWER_SERVER = b'id: 7\nevent: batch\ndata: {"id": "b"}\n\nretry: 2500\n\n'
DELETED = f'event: deleted\ndata: {{"id": "{JOB_ID}"}}\n\n'.encode()


@pytest.fixture
def follower() -> EventFollower:
    follower = EventFollower(None, None, max_tries=1)
    request = follower.next_request()
    assert "Last-Event-ID" not in request.headers
    follower.begin(answer("text/event-stream; charset=utf-8"))
    return follower


def answer(media_type: str) -> httpx.Response:
    request = httpx.Request("GET", "http://localhost/events")
    return httpx.Response(200, headers={"Content-Type": media_type}, request=request)


def test_events_that_it_does_not_know_are_passed_over(follower: EventFollower) -> None:
    (event,) = follower.feed(OF_A_NEWER_SERVER + DELETED)
    assert (event.id, str(event.job_id), event.job) == ("7", JOB_ID, None)
    assert not follower.has_ended


def test_the_next_request_goes_on_where_the_stream_was_when_the_server_asks(
    follower: EventFollower,
) -> None:
    list(follower.feed(OF_A_NEWER_SERVER))
    request = follower.next_request()
    assert (request.headers["Last-Event-ID"], request.delay_seconds) == ("7", 2.5)


def test_what_is_no_job_and_no_stream_is_told(follower: EventFollower) -> None:
    with pytest.raises(UnexpectedResponse, match="event that is no job"):
        list(follower.feed(b"event: job\ndata: 5\n\n"))
    with pytest.raises(UnexpectedResponse, match="no stream of events"):
        follower.begin(answer("text/html"))
