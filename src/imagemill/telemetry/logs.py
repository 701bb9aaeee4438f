"""Log configuration: one line per event, for a terminal or as JSON, without secrets.

The log lines of libraries (uvicorn, Alembic, asyncio) go through the same renderer. What is bound
with `structlog.contextvars` (the id of a job or request) is added to every line, theirs included.
"""

import json
import logging
import sys
from typing import Any, Final, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from imagemill.telemetry.redaction import redact
from imagemill.telemetry.traces import current_span

# Our own events report the same in terms of jobs and services.
LIBRARY_LEVELS: Final = {
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    "opentelemetry": logging.CRITICAL,
    "psycopg.pool": logging.ERROR,
    "uvicorn.access": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "urllib3": logging.ERROR,
    "python_multipart": logging.ERROR,
    "redis": logging.WARNING,
}


# json.dumps makes a new encoder for each line.
_ENCODER: Final = json.JSONEncoder(default=repr)


def configure_logs(level: str, log_format: Literal["json", "console"] | None) -> None:
    """Send all logs of this process to standard error, from the given level on.

    Without a format, a terminal gets console lines and everything else JSON.
    """
    as_json = log_format == "json" or (log_format is None and not sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers = _json_renderers() if as_json else _console_renderers()
    # Our own events do not pass through the standard library, which takes three times as long.
    structlog.configure(
        processors=[*shared, *renderers, _redact],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderers,
                _redact,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name, minimum in LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(minimum)


def _redact(_: WrappedLogger, __: str, line: Any) -> str:  # noqa: ANN401 - the renderer's result
    return redact(line)


def _json_renderers() -> list[Processor]:
    # Local variables would bring passwords and whole requests into the log.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        structlog.processors.JSONRenderer(serializer=_encode),
    ]


def _encode(event: EventDict, **_: object) -> str:
    # What happened comes first: people read these lines too.
    return _ENCODER.encode({"event": event.pop("event"), **event})


def _console_renderers() -> list[Processor]:
    plain = structlog.dev.plain_traceback
    return [
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain),
    ]


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    traceparent = current_span().traceparent
    if traceparent:
        _version, event["trace_id"], event["span_id"], _flags = traceparent.split("-")
    return event
