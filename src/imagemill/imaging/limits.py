"""Resource limits of one render: pixels, frames, time and memory."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:  # image processes do without: it takes time to load
    from imagemill.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Resource limits of one render.

    `max_pixels` counts width times height times frames, of the input and of each output.
    `timeout` is wall-clock time. `assets` is the folder of images that outputs may be marked with;
    its path is absolute.

    `memory_bytes` is the image process's address space. For 100 million pixels, three outputs of
    full size need 1000 MiB from a JPEG and 2630 MiB from a PNG or WebP with alpha, where libwebp's
    encoder takes most; an output of 1024 pixels needs 220 MiB from a baseline JPEG, 2000 from a
    WebP with alpha, 620 from a HEIC and 1020 from one of 10 bits. So 3 GiB let every allowed
    picture pass, but for AVIF outputs: 100 million pixels of them need 2690 MiB, with alpha 4590,
    so that above some 65 million pixels with alpha they fail as out_of_memory.

    A JPEG XL of 100 million pixels with alpha needs 1220 MiB to be decoded, and 2220 if it is
    lossless; to be encoded 550 MiB beyond its pixels.

    Animations of 100 million pixels with alpha: 770 frames of 480x270 need 910 MiB at 320 pixels as
    WebP and 1290 through every step; two frames of 7000x7000 need 2560 as WebP, turned and blurred
    2910. A GIF of 100 million pixels takes 20 to 35 s of CPU time, more than any other output.
    """

    max_pixels: int
    max_frames: int
    timeout: timedelta
    memory_bytes: int
    assets: Path | None = None

    @classmethod
    def from_settings(cls, settings: "Settings") -> Self:
        """Return the limits that gateway, worker and doctor all render with."""
        return cls(
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            timeout=timedelta(seconds=settings.job_timeout_seconds),
            memory_bytes=settings.child_memory_bytes,
            assets=settings.assets_dir,
        )

    @property
    def buffered_bytes(self) -> int:
        """What a decoder may hold of a picture that it cannot give line by line.

        With 3 GiB of memory 204 MiB, 70 million pixels of a progressive JPEG: then a thumbnail of
        any allowed JPEG or PNG needs less than 300 MiB of real memory.
        """
        return self.memory_bytes // 15
