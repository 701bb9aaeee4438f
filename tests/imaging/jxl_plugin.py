"""JPEG XL for Pillow, so that tests open it as any other format.

Pixels are decoded and encoded by imagecodecs' own functions, and boxes are read by hand; delays and
profiles, which neither tells, are those of our decoder.
"""

from collections.abc import Iterator
from typing import IO, Any

import imagecodecs
import numpy as np
from PIL import Image, ImageFile

from imagemill.imaging.engine.decoders.jxl import peek

BARE, CONTAINER = b"\xff\x0a", b"\0\0\0\x0cJXL "


class JxlImageFile(ImageFile.ImageFile):
    format = "JXL"
    format_description = "JPEG XL"

    def _open(self) -> None:
        assert self.fp is not None
        data = self.fp.read()
        opened = peek(data)
        fields = set(opened.get_fields())
        self.n_frames = opened.get("n-pages") if "n-pages" in fields else 1
        self._frames = imagecodecs.jpegxl_decode(data)
        if self.n_frames == 1:
            self._frames = self._frames.reshape(1, *self._frames.shape[-3:])
        self._delays = opened.get("delay") if "delay" in fields else [0]
        self.is_animated = self.n_frames > 1
        if "icc-profile-data" in fields:
            self.info["icc_profile"] = bytes(opened.get("icc-profile-data"))
        boxes = dict(iter_boxes(data)) if data.startswith(CONTAINER) else {}
        if b"Exif" in boxes:
            self.info["exif"] = b"Exif\0\0" + boxes[b"Exif"][4:]
        if b"xml " in boxes:
            self.info["xmp"] = boxes[b"xml "]
        if self.is_animated:
            self.info["loop"] = opened.get("loop")
        self.seek(0)

    def seek(self, frame: int) -> None:
        if not 0 <= frame < self.n_frames:
            raise EOFError
        self._at = frame
        drawn = Image.fromarray(np.squeeze(self._frames[frame]))
        self._mode, self._size, self.tile = drawn.mode, drawn.size, []
        self.im = drawn.im
        self.info["duration"] = self._delays[frame]

    def tell(self) -> int:
        return self._at


def iter_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the contents of each box. A length of 0 reaches to the end."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4]) or len(data) - at
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


def encode(picture: Image.Image, **options: Any) -> bytes:  # noqa: ANN401 - as its function takes
    """Encode without loss, unless the options of `imagecodecs.jpegxl_encode` say otherwise.

    `exif` and `xmp` go into boxes of their own behind the picture; EXIF comes after the offset of
    its TIFF header, 0. Source: ISO/IEC 18181-2, 9.
    """
    exif = options.pop("exif", b"")
    exif = exif.tobytes() if isinstance(exif, Image.Exif) else exif
    contents = {
        b"Exif": bytes(4) + exif.removeprefix(b"Exif\0\0") if exif else b"",
        b"xml ": bytes(options.pop("xmp", b"")),
    }
    frames = [picture, *options.pop("append_images", ())]
    pixels = np.asarray(picture) if len(frames) == 1 else np.stack([*map(np.asarray, frames)])
    options.setdefault("lossless", True)
    options["photometric"] = "gray" if picture.mode in {"L", "LA"} else "rgb"
    boxes = [encode_box(name, content) for name, content in contents.items() if content]
    if boxes:
        options["usecontainer"] = True
    return b"".join((bytes(imagecodecs.jpegxl_encode(pixels, **options)), *boxes))


def encode_box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + name + content


def save(picture: Image.Image, file: IO[bytes], _name: str | bytes) -> None:
    file.write(encode(picture, **picture.encoderinfo))


def register() -> None:
    """Teach Pillow the format."""
    Image.register_open(
        JxlImageFile.format, JxlImageFile, lambda head: head.startswith((BARE, CONTAINER))
    )
    Image.register_save(JxlImageFile.format, save)
    Image.register_save_all(JxlImageFile.format, save)
    Image.register_extension(JxlImageFile.format, ".jxl")
    Image.register_mime(JxlImageFile.format, "image/jxl")
