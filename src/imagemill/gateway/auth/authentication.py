"""Who is let in: from what a request shows and what the table says of it. Pure."""

from imagemill.auth.api_key import ApiKey, KeyLookup, KnownKey, recognise
from imagemill.gateway.errors import KeyRefused

SHOW_A_KEY = "This service asks for an API key, as Authorization: Bearer imk_…."
WRONG_KEY = "The API key that was sent is none that is in force here."


def admit(
    bearer: str | None, key: ApiKey | None, found: KeyLookup, *, allows_anonymous: bool
) -> KnownKey | None:
    """Return the key that lets the request in; None: anybody is let in while there is no key.

    `bearer` is what the request shows, if anything, `key` the key that this writes, if it writes
    one, `found` what the table says of it. Raises KeyRefused.
    """
    if not found.any_exists and allows_anonymous:
        return None
    if bearer is None:
        raise KeyRefused(SHOW_A_KEY)
    known = recognise(key, found.key) if key else None
    if known is None:
        raise KeyRefused(WRONG_KEY, "invalid_token")
    return known
