"""Animations for tests: drawn and read by Pillow, or put together byte by byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from imaging.studio import Studio

WHITE = (255, 255, 255)

# Far apart, and few enough for a GIF to keep each exactly.
COLORS = ((220, 30, 30), (20, 160, 40), (30, 50, 200), (230, 200, 20))


@dataclass(frozen=True, slots=True)
class Shown:
    """What Pillow sees of an animation: whole frames, milliseconds of each, and how often to play.

    `plays` counts from 1, 0 is for ever. A GIF counts repetitions instead, and says nothing for one
    play. A frame's delay is None where the file says nothing, or 0.
    """

    frames: list[Image.Image]
    delays: list[int | None]
    plays: int

    @property
    def duration(self) -> int:
        return sum(delay or 0 for delay in self.delays)


def shown(file: Path) -> Shown:
    with Image.open(BytesIO(file.read_bytes())) as picture:
        frames, delays = [], []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
            frames.append(picture.convert("RGBA"))
            delays.append(picture.info.get("duration"))
        return Shown(frames, delays, _plays(picture))


def _plays(picture: Image.Image) -> int:
    if picture.format == "WEBP":
        return int(picture.info.get("loop", 1))
    repetitions = picture.info.get("loop", None)
    return 1 if repetitions is None else repetitions and repetitions + 1


def seen(frame: Image.Image) -> Image.Image:
    """Return the frame on grey, since colours that cannot be seen do not count."""
    gray = Image.new("RGBA", frame.size, (128, 128, 128, 255))
    return Image.alpha_composite(gray, frame.convert("RGBA"))


def plain(width: int, height: int) -> list[Image.Image]:
    """Return frames of one colour each."""
    return [Image.new("RGB", (width, height), color) for color in COLORS]


def spotted(width: int, height: int) -> list[Image.Image]:
    """Return plain frames with a white spot that moves, so that nothing can be left out."""
    frames = plain(width, height)
    for number, frame in enumerate(frames):
        left = number * width // 5
        frame.paste(WHITE, (left, height // 3, left + width // 5, 2 * height // 3))
    return frames


def save(
    studio: Studio,
    frames: Sequence[Image.Image],
    name: str,
    delays: Sequence[int] | int = 100,
    plays: int = 0,
) -> Path:
    """Have Pillow write the frames, of a WebP without loss."""
    options: dict[str, object] = {"save_all": True, "append_images": list(frames[1:])}
    options["duration"] = delays if isinstance(delays, int) else list(delays)
    if name.endswith("webp"):
        options |= {"lossless": True, "exact": True, "loop": plays}
    else:
        options |= {"disposal": 2} | ({} if plays == 1 else {"loop": plays and plays - 1})
    return studio.save(frames[0], name, **options)


@dataclass(frozen=True, slots=True)
class Patch:
    """A frame of a GIF that covers a part of it, with an index of the palette for each pixel.

    `disposal`: 1 leaves it, 2 clears its place, 3 brings back what was there. The delay counts
    hundredths of a second.
    """

    left: int
    top: int
    width: int
    height: int
    indices: Sequence[int]
    disposal: int = 1
    transparent: int | None = None
    delay: int = 10
    is_interlaced: bool = False

    def encoded(self) -> bytes:
        flags = self.disposal << 2 | (self.transparent is not None)
        control = bytes([0x21, 0xF9, 4, flags, *_short(self.delay), self.transparent or 0, 0])
        place = b"".join(map(_short, (self.left, self.top, self.width, self.height)))
        return control + b"\x2c" + place + bytes([0x40 * self.is_interlaced]) + self._pixels()

    def _pixels(self) -> bytes:
        lines = [range(start, self.height, step) for start, step in self._passes()]
        rows = [
            self.indices[line * self.width : (line + 1) * self.width]
            for passed in lines
            for line in passed
        ]
        return b"\x03" + _chained(_lzw([index for row in rows for index in row]))

    def _passes(self) -> list[tuple[int, int]]:
        return [(0, 8), (4, 8), (2, 4), (1, 2)] if self.is_interlaced else [(0, 1)]


# Eight colours, so that an index has three bits.
PALETTE = (
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0),
    (255, 0, 255), (0, 255, 255), (255, 255, 255), (0, 0, 0),
)  # fmt: skip


def gif(width: int, height: int, *patches: Patch) -> bytes:
    screen = b"GIF89a" + _short(width) + _short(height) + b"\xf2\0\0"
    palette = b"".join(map(bytes, PALETTE))
    return screen + palette + b"".join(patch.encoded() for patch in patches) + b";"


def _short(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _lzw(indices: Sequence[int]) -> bytes:
    """Return codes of four bits, the table cleared before a code would need a fifth."""
    codes = []
    for at, index in enumerate(indices):
        codes += [8, index] if at % 6 == 0 else [index]
    codes += [9] * (2 - len(codes) % 2)
    return bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))


def _chained(data: bytes) -> bytes:
    parts = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
