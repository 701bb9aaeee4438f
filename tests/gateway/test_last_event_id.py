"""The header `Last-Event-ID`, valid or made up."""

import pytest

from imagemill.gateway.waiting.sse import parse_last_event_id


@pytest.mark.parametrize(
    ("header", "event_id"),
    [
        (None, None),
        ("17", 17),
        ("0", 0),
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("abc", None),
        ("²", None),
        (str(2**63 - 2), 2**63 - 2),
        (str(2**63 - 1), None),
        (str(2**63), None),
        ("9" * 5000, None),
    ],
)
def test_an_id_that_is_none_of_ours_is_ignored(header: str | None, event_id: int | None) -> None:
    assert parse_last_event_id(header) == event_id
