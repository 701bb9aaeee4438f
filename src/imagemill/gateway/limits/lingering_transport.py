"""A transport that writes a response at once, and lets the client read it before it closes.

uvicorn writes head and body one after the other, and each write is a system call that wakes the
client. So what is written in one turn of the event loop is sent together.

Closing a socket while the client still sends makes the kernel answer with a reset, on which many
clients discard the response that they had received. So the transport closes its sending side, and
reads and discards what the client still sends for a limited time (RFC 9112, 9.6).
"""

import asyncio
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Final

# How long a client may keep sending after the response, and how long it may pause meanwhile.
LINGER_TIMEOUT_SECONDS: Final = 30.0
SILENCE_TIMEOUT_SECONDS: Final = 5.0
# Sent without waiting for more: a response may be produced faster than it is sent.
MAX_HELD_BYTES: Final = 64 * 1024


class LingeringTransport:
    """Wraps uvicorn's transport; `close` waits for the client, up to a time-out.

    `close_timeout_seconds` is how long the client may take to read what was written.
    """

    def __init__(self, transport: asyncio.Transport, close_timeout_seconds: float) -> None:
        self.is_lingering = False
        self.is_body_pending = False
        self._transport = transport
        self._close_timeout_seconds = close_timeout_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._is_lost = False
        self._loop = asyncio.get_running_loop()
        self._last_received_at = self._deadline = 0.0
        self._held: list[bytes] = []
        self._held_bytes = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the transport's
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.is_lingering or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send the data together with what else is written in this turn of the event loop."""
        if not self._held:
            self._loop.call_soon(self._send_held)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > MAX_HELD_BYTES:
            self._send_held()

    def get_write_buffer_size(self) -> int:
        return self._held_bytes + self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Send what is written, then close; discard what the client still sends."""
        if self.is_closing() or not self.is_body_pending:
            self._close()
            return
        self._send_held()
        self.is_lingering = True
        self._last_received_at = self._loop.time()
        self._deadline = self._last_received_at + LINGER_TIMEOUT_SECONDS
        self._transport.resume_reading()
        self._transport.write_eof()
        self._close_when_silent()

    def abort(self) -> None:
        """Close at once; the kernel discards what it has not sent."""
        self._held.clear()
        socket = self._transport.get_extra_info("socket")
        if not self._is_lost and socket is not None:
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def note_discarded(self) -> None:
        """Note that bytes were received and discarded while lingering."""
        self._last_received_at = self._loop.time()

    def note_lost(self) -> None:
        """Note that the connection is closed."""
        self._is_lost = True
        self._cancel_timer()

    def _send_held(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        if held and not self._is_lost:
            self._transport.write(b"".join(held))

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _close_when_silent(self) -> None:
        now = self._loop.time()
        if now < min(self._deadline, self._last_received_at + SILENCE_TIMEOUT_SECONDS):
            self._timer = self._loop.call_later(
                SILENCE_TIMEOUT_SECONDS / 5, self._close_when_silent
            )
        else:
            self._close()

    def _close(self) -> None:
        """Close now, and abort if the client does not read what was written in time."""
        if not self._transport.is_closing():
            self._send_held()
            self._transport.close()
            self._cancel_timer()
            self._timer = self._loop.call_later(self._close_timeout_seconds, self.abort)
