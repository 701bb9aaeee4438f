"""Kinds of values that settings have: each checks what it is given, in words for the operator."""

import base64
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import AfterValidator, BeforeValidator, DirectoryPath, SecretStr
from pydantic_settings import NoDecode

LEAST_SECRET_BYTES: Final = 16
LONGEST_WAIT_SECONDS: Final = 7 * 86400


class SettingsError(Exception):
    """A setting has a wrong value. The message is one sentence that names its variable."""


def _volume(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.strip("/"):
        raise ValueError("must be an absolute folder such as file:///app/storage")
    return url


def _rate(text: str) -> str:
    try:
        rates = parse_many(text)
    except ValueError:
        rates = []
    if len(rates) != 1 or rates[0].amount < 1:
        raise ValueError("must be a number of requests and a time, like 100/minute")
    return text


def _networks(text: str) -> str:
    # uvicorn would take what is none for a name that no client ever has.
    for part in text.split(","):
        try:
            ip_network(part.strip())
        except ValueError:
            raise ValueError("must be addresses or networks, separated by commas") from None
    return text


def _webhook_secrets(secrets: SecretStr) -> SecretStr:
    for secret in secrets.get_secret_value().split():
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if len(key) < LEAST_SECRET_BYTES:
            raise ValueError(
                f"must be whsec_ and the base64 of {LEAST_SECRET_BYTES} bytes or more,"
                " or several of these with spaces between them"
            )
    return secrets


def _waits(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        waits = tuple(float(part) for part in value.split(","))
    except ValueError:
        waits = ()
    if not waits or not all(0 <= wait <= LONGEST_WAIT_SECONDS for wait in waits):
        raise ValueError("must be seconds of up to a week each, separated by commas")
    return waits


ExistingFolder = Annotated[DirectoryPath, AfterValidator(Path.absolute)]
VolumeUrl = Annotated[str, AfterValidator(_volume)]
# So many requests in such a time: 100/minute.
Rate = Annotated[str, AfterValidator(_rate)]
# Of IP addresses, separated by commas.
Networks = Annotated[str, AfterValidator(_networks)]
# As Standard Webhooks write them, separated by spaces.
WebhookSecrets = Annotated[SecretStr, AfterValidator(_webhook_secrets)]
# Seconds, separated by commas.
Waits = Annotated[tuple[float, ...], NoDecode, BeforeValidator(_waits)]
