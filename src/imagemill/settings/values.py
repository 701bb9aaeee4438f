"""Types of settings' values, validated with messages for the operator."""

import base64
import re
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, DirectoryPath, SecretStr
from pydantic_settings import NoDecode

if TYPE_CHECKING:  # loaded only where there is a rate limit
    from limits import RateLimitItem

# Plain segments: it becomes part of links, where `//host` would lead to another server.
PATH_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
# A name, with `*.` all names below it; an address; or any.
HOST: Final = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f:.]*:[0-9a-f:.]*|\*")

MIN_SECRET_BYTES: Final = 16
MAX_DELAY_SECONDS: Final = 7 * 86400


def parse_rates(text: str) -> "list[RateLimitItem]":
    """Return the rates that the text names. Raises ValueError."""
    from limits import parse_many  # noqa: PLC0415 - loaded only where there is a rate limit

    return parse_many(text)


def _check_volume_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.strip("/"):
        raise ValueError("must be an absolute folder such as file:///app/storage")
    return url


def _check_rate(text: str) -> str:
    try:
        rates = parse_rates(text)
    except ValueError:
        rates = []
    if len(rates) != 1 or rates[0].amount < 1:
        raise ValueError("must be a number of requests and a time, like 100/minute")
    return text


def _check_networks(text: str) -> str:
    # uvicorn would take anything else for the name of a client, which no client ever has.
    for part in text.split(","):
        try:
            ip_network(part.strip())
        except ValueError:
            raise ValueError("must be addresses or networks, separated by commas") from None
    return text


def _check_path_prefix(text: str) -> str:
    if not PATH_PREFIX.fullmatch(text):
        raise ValueError("must be a path such as /images")
    return text.rstrip("/")


def _parse_hosts(value: object) -> object:
    if not isinstance(value, str):
        return value
    hosts = tuple(one.strip().strip("[]").rstrip(".").lower() for one in value.split(","))
    if not all(HOST.fullmatch(host) for host in hosts):
        raise ValueError("must be host names or addresses without ports, separated by commas")
    return hosts


def _check_webhook_secrets(secrets: SecretStr) -> SecretStr:
    for secret in secrets.get_secret_value().split():
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if len(key) < MIN_SECRET_BYTES:
            raise ValueError(
                f"must be whsec_ and the base64 of {MIN_SECRET_BYTES} bytes or more,"
                " or several of these with spaces between them"
            )
    return secrets


def _check_database_url(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if not text:
        return url
    from psycopg import ProgrammingError  # noqa: PLC0415 - loaded only where there is a URL
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        known = urlsplit(text).scheme in {"postgresql", "postgres"}
        conninfo_to_dict(text)
    except (ProgrammingError, ValueError):  # its message may contain the password
        known = False
    if not known:
        raise ValueError(
            "must be like postgresql://user:password@host:5432/database?sslmode=require,"
            " with %-encoding of characters that have a meaning in URLs"
        )
    return url


def _check_redis_url(url: SecretStr) -> SecretStr:
    from imagemill.settings.redis_url import parse_redis_url  # noqa: PLC0415 - loads redis-py

    if url.get_secret_value():
        parse_redis_url(url.get_secret_value())
    return url


def _parse_delays(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        delays = tuple(float(part) for part in value.split(","))
    except ValueError:
        delays = ()
    if not delays or not all(0 <= delay <= MAX_DELAY_SECONDS for delay in delays):
        raise ValueError("must be seconds of up to a week each, separated by commas")
    return delays


ExistingFolder = Annotated[DirectoryPath, AfterValidator(Path.absolute)]
VolumeUrl = Annotated[str, AfterValidator(_check_volume_url)]
# A number of requests and a time: 100/minute.
Rate = Annotated[str, AfterValidator(_check_rate)]
# IP networks, separated by commas.
Networks = Annotated[str, AfterValidator(_check_networks)]
# Of paths, without a slash at its end.
PathPrefix = Annotated[str, AfterValidator(_check_path_prefix)]
# Host names in lower case, separated by commas.
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_hosts)]
# In the format of Standard Webhooks, separated by spaces.
WebhookSecrets = Annotated[SecretStr, AfterValidator(_check_webhook_secrets)]
# A URL of PostgreSQL as libpq takes it; empty: none.
DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_database_url)]
# A URL of redis-py or of Sentinels; empty: none.
RedisUrl = Annotated[SecretStr, AfterValidator(_check_redis_url)]
# Seconds, separated by commas.
Delays = Annotated[tuple[float, ...], NoDecode, BeforeValidator(_parse_delays)]
