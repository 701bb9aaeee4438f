"""Authentication: every combination of bearer token and row."""

from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

import pytest

from imagemill.auth.api_key import ApiKey, KeyLookup, StoredKey
from imagemill.auth.authentication import authenticate
from imagemill.auth.errors import AdminRequired, KeyRefused
from imagemill.gateway.auth.caller import ANONYMOUS, Caller, require_admin
from imagemill.gateway.problem import to_response
from imagemill.jobs.job import KeyId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ApiKey(KeyId(UUID("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11")), "a" * 43)
WRONG = replace(KEY, secret="b" * 43)
KNOWN = StoredKey(KEY.id, "ci", KEY.sha256, is_admin=False, created_at=NOW, revoked_at=None)
REVOKED = replace(KNOWN, revoked_at=NOW)

NO_KEY_YET = KeyLookup(any_exists=False, key=None)
OTHERS_ONLY = KeyLookup(any_exists=True, key=None)


@pytest.mark.parametrize("key", [None, KEY])
def test_anonymous_requests_are_accepted_while_no_key_exists_if_allowed(key: ApiKey | None) -> None:
    bearer = str(key) if key else None
    assert authenticate(bearer, key, NO_KEY_YET, allows_anonymous=True) is None
    with pytest.raises(KeyRefused):
        authenticate(bearer, key, NO_KEY_YET, allows_anonymous=False)


@pytest.mark.parametrize("allows_anonymous", [True, False])
@pytest.mark.parametrize(
    ("bearer", "key", "found"),
    [
        (None, None, OTHERS_ONLY),
        ("nonsense", None, OTHERS_ONLY),
        (str(KEY), KEY, OTHERS_ONLY),
        (str(WRONG), WRONG, KeyLookup(any_exists=True, key=KNOWN)),
        (str(KEY), KEY, KeyLookup(any_exists=True, key=REVOKED)),
    ],
)
def test_once_a_key_exists_only_a_valid_one_is_accepted(
    bearer: str | None, key: ApiKey | None, found: KeyLookup, *, allows_anonymous: bool
) -> None:
    with pytest.raises(KeyRefused):
        authenticate(bearer, key, found, allows_anonymous=allows_anonymous)


@pytest.mark.parametrize("allows_anonymous", [True, False])
def test_a_valid_key_is_accepted(*, allows_anonymous: bool) -> None:
    found = KeyLookup(any_exists=True, key=KNOWN)
    assert authenticate(str(KEY), KEY, found, allows_anonymous=allows_anonymous) == KNOWN


def test_other_keys_than_an_admins_are_refused_where_one_is_required() -> None:
    admin = Caller(KEY.id, is_admin=True)
    require_admin(admin)
    require_admin(ANONYMOUS)
    with pytest.raises(AdminRequired) as refused:
        require_admin(Caller(KEY.id, is_admin=False))
    response = to_response(refused.value)
    assert response.status_code == HTTPStatus.FORBIDDEN
    challenge = 'Bearer realm="imagemill", error="insufficient_scope"'
    assert response.headers["WWW-Authenticate"] == challenge
