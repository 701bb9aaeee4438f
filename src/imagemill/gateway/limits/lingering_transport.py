"""A transport that closes in good order, and in time.

Closing a socket while the client still sends makes the system answer with a reset, on which many
clients throw away the answer that came before it. So this side ends first, and what still comes is
read and thrown away for a while: the "lingering close" of web servers (RFC 9112, 9.6).
"""

import asyncio
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Final

# How long a client may go on sending what nobody wants, and be silent meanwhile.
LINGER_SECONDS: Final = 30.0
SILENCE_SECONDS: Final = 5.0


class LingeringTransport:
    """Stands before uvicorn's transport: `close` waits for the client, but not for ever."""

    def __init__(self, transport: asyncio.Transport, patience_seconds: float) -> None:
        self.is_lingering = False
        self.is_body_pending = False
        self._transport = transport
        self._patience_seconds = patience_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._is_lost = False
        self._loop = asyncio.get_running_loop()
        self._last_heard = self._until = 0.0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the transport's
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Send what is written, then end; what the client still sends is awaited and discarded."""
        if self.is_closing() or not self.is_body_pending:
            self._close()
            return
        self.is_lingering = True
        self._last_heard = self._loop.time()
        self._until = self._last_heard + LINGER_SECONDS
        self._transport.resume_reading()
        self._transport.write_eof()
        self._look()

    def abort(self) -> None:
        """End at once, and let the system throw away what it has not sent yet."""
        socket = self._transport.get_extra_info("socket")
        if not self._is_lost and socket is not None:
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def heard(self) -> None:
        """Note that bytes came which nobody wants."""
        self._last_heard = self._loop.time()

    def lost(self) -> None:
        """Forget the client, whose connection is closed."""
        self._is_lost = True
        self._unset_timer()

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        if now < min(self._until, self._last_heard + SILENCE_SECONDS):
            self._timer = self._loop.call_later(SILENCE_SECONDS / 5, self._look)
        else:
            self._close()

    def _close(self) -> None:
        """Close at once, and abort if the client does not take what was written."""
        if not self._transport.is_closing():
            self._transport.close()
            self._unset_timer()
            self._timer = self._loop.call_later(self._patience_seconds, self.abort)
