"""Whether a request is authenticated, from the API key it carries and the table's row. Pure."""

import hmac
from typing import Final

from imagemill.auth.api_key import ApiKey, KeyLookup, StoredKey
from imagemill.auth.errors import KeyRefused, KeyUnknown

KEY_REQUIRED: Final = "An API key is required: send Authorization: Bearer imk_…."
KEY_UNKNOWN: Final = "The API key is unknown or revoked."
# No secret has this digest: what a key without a row is compared with.
NO_DIGEST: Final = bytes(32)


def authenticate(
    bearer: str | None, key: ApiKey | None, lookup: KeyLookup, *, allows_anonymous: bool
) -> StoredKey | None:
    """Return the key that authenticates a request; None for an anonymous one that is allowed.

    `bearer` is the bearer token of the request, `key` the API key in it if it is well-formed,
    `lookup` what the table has for that key. Anonymous requests are allowed until the first key
    exists, and only with `allows_anonymous`. Raises KeyRefused.
    """
    if not lookup.any_exists and allows_anonymous:
        return None
    if bearer is None:
        raise KeyRefused(KEY_REQUIRED)
    stored = verify_key(key, lookup.key) if key else None
    if stored is None:
        raise KeyUnknown(KEY_UNKNOWN)
    return stored


def verify_key(key: ApiKey, stored: StoredKey | None) -> StoredKey | None:
    """Return the stored key if its secret is that of `key` and it is not revoked.

    Takes the same time whether the key has a row or not, so that timing reveals no ids.
    """
    matches = hmac.compare_digest(key.sha256, stored.secret_sha256 if stored else NO_DIGEST)
    return stored if matches and stored and stored.revoked_at is None else None
