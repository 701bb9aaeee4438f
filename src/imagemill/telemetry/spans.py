"""Spans and the traceparent that carries their trace from one process to the next.

A traceparent is written and read as W3C Trace Context, section 3.2, has it.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal, Protocol

SpanKind = Literal["internal", "server", "client"]
AttributeValue = str | int | float | bool
Attributes = Mapping[str, AttributeValue]

# Later versions may add fields behind these four (W3C Trace Context, 3.2.4).
TRACEPARENT: Final = re.compile(
    r"(?:00|(?!ff)[0-9a-f]{2}(?=.{53}(?:-|$)))"
    r"-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)


class Span:
    """A unit of work in a trace. This class records nothing and only propagates the trace.

    `traceparent` names this span as the parent of work below it, here or in another process.
    """

    def __init__(self, traceparent: str | None = None) -> None:
        self.traceparent = traceparent

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request that is sent as part of this work."""
        return {"traceparent": self.traceparent} if self.traceparent else {}

    def set_attribute(self, name: str, value: AttributeValue) -> None:
        """Add an attribute, or replace its value."""

    def rename(self, name: str) -> None:
        """Replace the name that the span was started with."""

    def fail(self, reason: str) -> None:
        """Mark the span as failed; the reason is a code, not a sentence."""

    def end(self) -> None:
        """End the span now."""


class SpanRecorder(Protocol):
    """Starts spans that are recorded. `telemetry/otel.py` has the implementation."""

    def start(
        self,
        name: str,
        kind: SpanKind,
        parent: Span,
        attributes: Attributes,
        elapsed: timedelta,
    ) -> Span:
        """Start a span that began `elapsed` ago."""
        ...

    def close(self) -> None: ...


def normalize_traceparent(header: str | None) -> str | None:
    """Return the header in the form of version 00, or None if it is not a traceparent."""
    found = TRACEPARENT.match(header or "")
    if found is None or (found.string.startswith("00") and found.end() != len(found.string)):
        return None
    return "00-{trace}-{span}-{flags}".format(**found.groupdict())
