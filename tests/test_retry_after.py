"""The Retry-After header, valid or made up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagemill.retry_after import parse_retry_after

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
DATE = r"[A-Za-z]{3}, \d{1,9} [A-Za-z]{3} \d{1,12} \d{1,12}:\d{1,12}(:\d{1,12})? [+-A-Z0-9]{1,12}"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("9" * 9, 999_999_999),
        ("9" * 5000, 1_000_000_000),
        ("Wed, 01 Jul 2026 12:00:30 GMT", 30),
        ("Wed, 01 Jul 2026 12:00:30 -0000", 30),
        ("Wed, 01 Jul 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: int) -> None:
    assert parse_retry_after(header, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "soon",
        "-3",
        "1.5",
        "²",
        "Wed, 99 Jul 2026 12:00:00 GMT",
        "Wed, 01 Jul 99999999999 12:00:00 GMT",
    ],
)
def test_any_other_retry_after_is_ignored(header: str | None) -> None:
    assert parse_retry_after(header, NOW) is None


@given(header=st.text() | st.from_regex(DATE))
def test_no_header_is_an_error(header: str) -> None:
    assert (parse_retry_after(header, NOW) or timedelta(0)) >= timedelta(0)
