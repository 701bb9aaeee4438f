"""`Prefer: wait=N`, as RFC 7240 writes it."""

import pytest

from imagemill.gateway.waiting.prefer_wait import parse_wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], None),
        (["wait=10"], 10),
        (["Wait = 10"], 10),
        (['wait="10"'], 10),
        (["wait=0"], 0),
        (["wait=00055"], 55),
        (["wait=56"], 55),
        ([f"wait={'9' * 5000}"], 55),
        (["respond-async, wait=10"], 10),
        (["respond-async", "wait=10"], 10),
        (["wait=10, wait=20"], 10),
        (["wait=10", "wait=20"], 10),
        (["wait=10; foo=bar"], 10),
        (['foo="a, wait=20"; bar="b;c", wait=10'], 10),
        (['foo="a \\", wait=20", wait=10'], 10),
        (["foo=1; wait=20"], None),
        ([",, wait=10,"], 10),
        (["wait"], None),
        (["wait="], None),
        (['wait=""'], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (["wait=ten"], None),
        (["wait=²"], None),
        (['wait="10'], None),
        (["wait=ten, wait=10"], None),
        (["waiting=10, handling=lenient"], None),
        (["", '"""', ";;;", "=,=", "\x00"], None),
    ],
)
def test_a_wait_is_read_from_among_other_preferences(
    headers: list[str], seconds: int | None
) -> None:
    assert parse_wait(headers) == seconds


@pytest.mark.timeout(30)
@pytest.mark.parametrize("part", ['"', '"\\', 'a"', '";', ',"', "wait", "wait=", ";"])
def test_a_header_of_nothing_but_traps_is_read_in_no_time(part: str) -> None:
    assert parse_wait([part * (60_000 // len(part))]) is None
