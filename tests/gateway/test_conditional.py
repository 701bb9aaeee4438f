import pytest
from fastapi import Request

from imagemill.gateway.conditional import has_current, matches, requested_range
from imagemill.gateway.errors import RangeNotSatisfiable

ETAG = '"abc"'
SIZE = 1000


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-499", (0, 500)),
        ("bytes=500-", (500, 1000)),
        ("bytes=900-5000", (900, 1000)),
        ("bytes=-1", (999, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("BYTES=1-2", (1, 3)),
    ],
)
def test_one_range_is_that_part_of_the_file(header: str, expected: tuple[int, int]) -> None:
    assert requested_range(request(range=header), SIZE, ETAG) == expected


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b",
     "bytes=" + "9" * 5000 + "-"],
)  # fmt: skip
def test_what_is_no_single_range_is_ignored(header: str) -> None:
    assert requested_range(request(range=header), SIZE, ETAG) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested_range(request(range=header), SIZE, ETAG)


def test_a_range_of_another_version_of_the_file_is_ignored() -> None:
    assert requested_range(request(range="bytes=0-1", if_range=ETAG), SIZE, ETAG) == (0, 2)
    assert requested_range(request(range="bytes=0-1", if_range='"old"'), SIZE, ETAG) is None


@pytest.mark.parametrize("header", [ETAG, f"W/{ETAG}", f'"x", {ETAG}', "*"])
def test_a_client_that_has_the_tag_matches(header: str) -> None:
    assert matches(header, ETAG)


@pytest.mark.parametrize("header", ["", '"abcd"', "abc"])
def test_a_client_that_has_not_does_not(header: str) -> None:
    assert not matches(header, ETAG)


def test_a_request_without_the_header_has_nothing() -> None:
    assert not has_current(request(), ETAG)


def test_a_list_may_come_in_several_lines() -> None:
    lines = [(b"if-none-match", b'"x"'), (b"if-none-match", ETAG.encode())]
    assert has_current(Request({"type": "http", "headers": lines}), ETAG)
