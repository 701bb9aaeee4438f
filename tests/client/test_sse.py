"""The parser of server-sent events, by the examples and rules of the HTML standard."""

import pytest

from imagemill.client.sse import EventParser, ServerSentEvent

STREAM = (
    "data: first\n\n: a comment\nevent: job\r\nid: 7\r\ndata: a\r\ndata:b\r\n\r\n"
    "retry: 1500\rdata\rid\r\r\n"
    "event: nothing\n\n"
    "id: 9\x00\nretry: 5s\ndata:  two spaces\u2028\n\n"
    "data: is not complete\n"
).encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_events_are_read_whatever_the_chunks(size: int) -> None:
    parser = EventParser()
    chunks = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert [event for chunk in chunks for event in parser.feed(chunk)] == [
        ServerSentEvent("message", "first", ""),
        ServerSentEvent("job", "a\nb", "7"),
        ServerSentEvent("message", "", ""),
        ServerSentEvent("message", " two spaces\u2028", ""),
    ]
    assert (parser.last_event_id, parser.retry_milliseconds) == ("", 1500)
