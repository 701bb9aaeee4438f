"""The command `imagemill status`: whether a gateway accepts uploads, and how much waits."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import httpx
import typer

from imagemill.client import UnexpectedResponse
from imagemill.client.connection import Connection
from imagemill.client.responses import require_success, translate_errors
from imagemill.formatting import escape_unprintable, format_duration, format_json
from imagemill.telemetry.scrape import parse_by_state

PARTS: Final = {"postgres": "PostgreSQL", "redis": "Redis", "storage": "Storage"}
# Longer than a gateway waits for PostgreSQL before it says that it is away.
TIMEOUT_SECONDS: Final = 30
LABEL_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """What `/readyz` says, and `/metrics` where the key may read it; None where it may not."""

    is_ready: bool
    reason: str | None
    parts: Mapping[str, str]
    sandbox: str | None
    jobs: Mapping[str, int] | None = None
    workers: Mapping[str, int] | None = None
    oldest_due_job_age_seconds: float | None = None
    pending_webhooks: int | None = None


def print_status(url: str, key: str | None, *, as_json: bool) -> bool:
    """Print the status and return whether uploads are accepted. Raises ClientError."""
    with (
        translate_errors(httpx.URL(url)),
        httpx.Client(**Connection(url, key).for_httpx(), timeout=TIMEOUT_SECONDS) as client,
    ):
        status = read_status(client)
    if as_json:
        typer.echo(format_json({"url": url, **asdict(status)}))
    else:
        for line in _describe(url, status):
            typer.echo(escape_unprintable(line))
    return status.is_ready


def read_status(client: httpx.Client) -> GatewayStatus:
    """Return the gateway's status. Raises ClientError, httpx.TransportError."""
    response = client.get("/readyz")
    if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
        require_success(response)
    answer = _parse(response)
    return GatewayStatus(
        is_ready=response.is_success,
        reason=answer.get("detail") or "; ".join(answer.get("reasons", {}).values()) or None,
        parts={part: str(answer.get(part, "unknown")) for part in PARTS},
        sandbox=answer.get("sandbox"),
        **_read_metrics(client),
    )


def _parse(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "postgres" not in answer:
        raise UnexpectedResponse(f"{response.url} answers, but not as imagemill does.")
    return answer


def _read_metrics(client: httpx.Client) -> dict[str, Any]:
    response = client.get("/metrics")
    if not response.is_success:  # a key without that right
        return {}
    values = parse_by_state(response.text)
    if "imagemill_jobs" not in values:  # PostgreSQL is away
        return {}
    return {
        "jobs": _whole(values["imagemill_jobs"]),
        "workers": _whole(values["imagemill_workers"]),
        "oldest_due_job_age_seconds": values["imagemill_oldest_due_job_age_seconds"][""],
        "pending_webhooks": int(values["imagemill_pending_webhooks"][""]),
    }


def _whole(counts: Mapping[str, float]) -> dict[str, int]:
    return {state: int(count) for state, count in counts.items()}


def _describe(url: str, status: GatewayStatus) -> Iterator[str]:
    yield f"{url} {'accepts uploads' if status.is_ready else 'refuses uploads'}"
    if status.reason:
        yield status.reason
    for part, label in PARTS.items():
        yield _line(label, status.parts[part])
    if status.sandbox:
        yield _line("Sandbox", status.sandbox)
    if status.workers is not None:
        yield _line("Workers", _counts(status.workers))
    if status.jobs is not None:
        oldest = timedelta(seconds=status.oldest_due_job_age_seconds or 0)
        waits = f", the oldest for {format_duration(oldest)}" if oldest else ""
        yield _line("Jobs", _counts(status.jobs) + waits)
    if status.pending_webhooks is not None:
        yield _line("Webhooks", f"{status.pending_webhooks} pending")


def _counts(by_state: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in by_state.items())


def _line(label: str, text: str) -> str:
    return f"  {label:<{LABEL_WIDTH}}{text}"
