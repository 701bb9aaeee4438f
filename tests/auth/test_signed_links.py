"""Signatures of links."""

from datetime import UTC, datetime, timedelta

import pytest

from imagemill.auth.errors import LinkRefused
from imagemill.auth.signed_links import expiry, sign, verify_signature

SECRET = b"s" * 32
PATH = ("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11", "thumb")
NOW = datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC)
LATER = "1767268801"


def test_the_lifetime_of_a_link_is_rounded_up() -> None:
    assert expiry(NOW, timedelta(seconds=1)) == int(NOW.timestamp()) + 2
    on_time = NOW.replace(microsecond=0)
    assert expiry(on_time, timedelta(seconds=1)) == int(on_time.timestamp()) + 1


def test_a_signed_link_is_valid_until_it_expires() -> None:
    signature = sign(SECRET, *PATH, LATER)
    moment = datetime.fromtimestamp(int(LATER), UTC)
    verify_signature(SECRET, PATH, LATER, signature, moment - timedelta(milliseconds=1))
    with pytest.raises(LinkRefused, match="expired"):
        verify_signature(SECRET, PATH, LATER, signature, moment)


@pytest.mark.parametrize(
    ("secret", "path", "expires"),
    [
        (b"t" * 32, PATH, LATER),
        (SECRET, (PATH[0], "large"), LATER),
        (SECRET, (PATH[0][:-1] + "2", "thumb"), LATER),
        (SECRET, PATH, "1767268802"),
    ],
)
def test_a_signature_is_valid_only_for_what_was_signed(
    secret: bytes, path: tuple[str, str], expires: str
) -> None:
    with pytest.raises(LinkRefused, match="altered"):
        verify_signature(secret, path, expires, sign(SECRET, *PATH, LATER), NOW)


@pytest.mark.parametrize("expires", ["", "soon", "-1", "1e12", "9" * 13, " 1767268801", "\u0661"])
def test_an_expiry_in_another_format_has_passed(expires: str) -> None:
    with pytest.raises(LinkRefused, match="expired"):
        verify_signature(SECRET, PATH, expires, sign(SECRET, *PATH, expires), NOW)
