"""What a render may use, and what it gives back."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from imagemill.imaging.spec.analysis import Analysis


@dataclass(frozen=True, slots=True)
class Limits:
    """What one render may use.

    `max_pixels` counts width times height times frames, of the input and of each output.
    `timeout` is wall-clock time. `assets` is the folder of images that outputs may be marked with;
    its path is absolute.

    `memory_bytes` is address space of the child. For 100 million pixels, three outputs of full
    size need 1000 MiB from a JPEG and 2630 MiB from a PNG or WebP with alpha, where libwebp's
    encoder takes most; an output of 1024 pixels needs 220 MiB from a baseline JPEG, 2000 from a
    WebP with alpha, 620 from a HEIC and 1020 from one of 10 bits. So 3 GiB let every allowed
    picture pass, but for AVIF outputs: 100 million pixels of them need 2690 MiB, with alpha 4590,
    so that above some 65 million pixels with alpha they fail as out_of_memory.

    Animations of 100 million pixels with alpha: 770 frames of 480x270 need 910 MiB at 320 pixels as
    WebP and 1290 through every step; two frames of 7000x7000 need 2560 as WebP, turned and blurred
    2910. A GIF of 100 million pixels takes 20 to 35 s of CPU time, more than any other output.
    """

    max_pixels: int
    max_frames: int
    timeout: timedelta
    memory_bytes: int
    assets: Path | None = None

    @property
    def buffered_bytes(self) -> int:
        """What a decoder may hold of a picture that it cannot give line by line.

        With 3 GiB of memory 204 MiB, 70 million pixels of a progressive JPEG: then a thumbnail of
        any allowed JPEG or PNG needs less than 300 MiB of real memory.
        """
        return self.memory_bytes // 15


@dataclass(frozen=True, slots=True)
class RenderedOutput:
    """An output that was written and opened again. `sha256` is in hexadecimal."""

    name: str
    file: Path
    media_type: str
    bytes: int
    width: int
    height: int
    frames: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """Size and frames of the upright input, and its outputs in the order of the pipeline.

    `analysis` is None when nothing was to be analyzed.
    """

    width: int
    height: int
    frames: int
    outputs: tuple[RenderedOutput, ...]
    analysis: Analysis | None = None
