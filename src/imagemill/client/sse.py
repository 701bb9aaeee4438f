"""Parser of server-sent events (HTML standard, 9.2.6). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

# A carriage return at the end of a chunk may be the first half of a line's end.
LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event. `last_event_id` is the last id so far, which need not be its own."""

    type: str
    data: str
    last_event_id: str


@dataclass(slots=True)
class EventParser:
    """Turns the chunks of one stream into events.

    `last_event_id` and `retry_milliseconds` are what the stream has said of them so far.
    """

    last_event_id: str = ""
    retry_milliseconds: int | None = None
    _rest: bytes = b""
    _type: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that are complete with this chunk."""
        *lines, self._rest = LINE_END.split(self._rest + chunk)
        for line in lines:
            if line:
                self._read_field(line.decode("utf-8", "replace"))
                continue
            if self._data:
                yield ServerSentEvent(
                    self._type or "message", "\n".join(self._data), self.last_event_id
                )
            self._type, self._data = "", []

    def _read_field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self.last_event_id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_milliseconds = int(value)
