"""The parent's end of the socket to an image process: frames out with descriptors, replies in."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

from pydantic import ValidationError

from imagemill.imaging.errors import DecoderCrashed
from imagemill.imaging.sandbox.protocol import LENGTH_BYTES, MAX_FRAME_BYTES, encode_frame
from imagemill.imaging.sandbox.replies import REPLY, Reply

READ_BYTES: Final = 64 * 1024

INVALID_REPLY: Final = "The decoder's reply is invalid."


@dataclass(slots=True)
class Connection:
    """One end of a pair of sockets. Methods raise OSError, and EOFError when the other closes."""

    own: socket.socket
    _received: bytearray = field(default_factory=bytearray)

    @classmethod
    def pair(cls) -> tuple[Self, socket.socket]:
        """Return a connection and the socket for the other end."""
        own, others = socket.socketpair()
        own.setblocking(False)  # noqa: FBT003 - its only parameter
        return cls(own), others

    async def send(self, body: str, descriptors: Sequence[int] = ()) -> None:
        """Send a request while none is being answered."""
        frame = encode_frame(body)
        # The other end has read all that was sent before, so that the socket's buffer is empty.
        sent = socket.send_fds(self.own, [frame], descriptors)
        if sent < len(frame):
            await asyncio.get_running_loop().sock_sendall(self.own, frame[sent:])

    async def receive(self) -> Reply:
        """Return a reply. Raises DecoderCrashed when it is invalid."""
        length = int.from_bytes(await self.read(LENGTH_BYTES))
        if length > MAX_FRAME_BYTES:
            raise DecoderCrashed(INVALID_REPLY)
        try:
            return REPLY.validate_json(await self.read(length))
        except ValidationError as error:
            raise DecoderCrashed(INVALID_REPLY) from error

    async def read(self, length: int) -> bytes:
        """Return exactly as many bytes."""
        loop = asyncio.get_running_loop()
        while len(self._received) < length:
            chunk = await loop.sock_recv(self.own, READ_BYTES)
            if not chunk:
                raise EOFError
            self._received += chunk
        data = bytes(self._received[:length])
        del self._received[:length]
        return data

    @property
    def has_unread(self) -> bool:
        """Whether the other end has sent more than was read."""
        if not self._received:
            with suppress(BlockingIOError):
                self._received += self.own.recv(1)
        return bool(self._received)

    def close(self) -> None:
        self.own.close()
