"""Pictures for tests, drawn by Pillow, and a way to see what the engine makes of them."""

import os
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imagemill.image_files import OutputFile
from imagemill.imaging.engine.render import render
from imagemill.imaging.file_data import read_file
from imagemill.imaging.libvips import Image as VipsImage
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.rendered import Rendered
from imagemill.imaging.sandbox.unnamed_file import create_unnamed_file
from imagemill.imaging.spec.bounds import AnalysisName
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.imaging.spec.plain import parse
from imaging import jxl_plugin

Pixels = NDArray[np.int16]

jxl_plugin.register()

ANALYSES: tuple[AnalysisName, ...] = get_args(AnalysisName)

LIMITS = Limits(
    max_pixels=100_000_000,
    max_frames=1000,
    timeout=timedelta(seconds=60),
    memory_bytes=3 * 1024**3,
)


@dataclass(frozen=True, slots=True)
class Studio:
    """A folder for inputs and one for outputs."""

    inputs: Path
    outputs: Path

    @property
    def scratch_dir(self) -> Path:
        """Where image processes have their scratch files."""
        return self.inputs.parent / "scratch"

    def file(self, output: OutputFile) -> Path:
        return self.outputs / output.path

    def save(self, picture: Image.Image, name: str, **options: object) -> Path:
        file = self.inputs / name
        if file.suffix == ".heic":
            file.write_bytes(heic(picture, **options))
        else:
            picture.save(file, **options)  # type: ignore[arg-type]  # they differ by format
        return file

    def write(self, data: bytes, name: str) -> Path:
        file = self.inputs / name
        file.write_bytes(data)
        return file

    def render(self, file: Path, *outputs: dict[str, object], limits: Limits = LIMITS) -> Rendered:
        pipeline = Pipeline.model_validate({"outputs": list(outputs)})
        return self.render_pipeline(file, pipeline, limits)

    def render_pipeline(self, file: Path, pipeline: Pipeline, limits: Limits = LIMITS) -> Rendered:
        """Render in this process, and write the outputs to their folder."""
        descriptors = [create_unnamed_file(self.outputs) for _ in pipeline.outputs]
        try:
            written = render(
                read_file(file), descriptors, parse(pipeline.model_dump_json()), limits
            )
            contents = [
                os.pread(file, output.bytes, 0) if output.content is None else output.content
                for output, file in zip(written.outputs, descriptors, strict=True)
            ]
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        outputs = [
            OutputFile(
                name=output.name,
                path=f"{output.name}{output.format.extension}",
                media_type=output.format.media_type,
                bytes=output.bytes,
                width=output.width,
                height=output.height,
                frames=output.frames,
                sha256=sha256(content).hexdigest(),
            )
            for output, content in zip(written.outputs, contents, strict=True)
        ]
        for output, content in zip(outputs, contents, strict=True):
            self.file(output).write_bytes(content)
        return Rendered(written.input, tuple(outputs), tuple(contents), written.analysis)

    def analyze(self, file: Path, *names: str, **output: object) -> dict[str, Any]:
        pipeline = Pipeline.model_validate({"outputs": [output], "analyze": names})
        return dict(self.render_pipeline(file, pipeline).analysis or {})

    def make(self, file: Path, **output: object) -> Image.Image:
        """Render one output and open it."""
        return open_picture(self.file(self.render(file, output).outputs[0]))


def heic(picture: Image.Image, **options: object) -> bytes:
    """Encode with pillow-heif; without loss unless the options say otherwise."""
    file = BytesIO()
    lossless = {"quality": -1, "chroma": 444}
    pillow_heif.encode(picture.mode, picture.size, picture.tobytes(), file, **lossless | options)
    return file.getvalue()


def open_picture(file: Path) -> Image.Image:
    """Open a picture without leaving its file open."""
    return Image.open(BytesIO(file.read_bytes()))


def gradient(width: int, height: int) -> Image.Image:
    """Red grows to the right, green to the bottom, blue is half: every place has its own colour."""
    across = np.linspace(0, 255, width)[np.newaxis, :].repeat(height, 0)
    down = np.linspace(0, 255, height)[:, np.newaxis].repeat(width, 1)
    half = np.full((height, width), 128.0)
    return Image.fromarray(np.dstack([across, down, half]).round().astype("uint8"))


def noise(width: int, height: int, bands: int = 3) -> Image.Image:
    """What does not compress; the same every time."""
    random = np.random.default_rng(1)
    return Image.fromarray(random.integers(0, 256, (height, width, bands), dtype="uint8"))


def pixels(picture: Image.Image, mode: str = "RGB") -> Pixels:
    return np.asarray(picture.convert(mode)).astype(np.int16)


def difference(one: Image.Image, other: Image.Image, mode: str = "RGB") -> float:
    """Return the mean difference of two pictures of one size, 0 to 255 a channel."""
    return float(np.abs(pixels(one, mode) - pixels(other, mode)).mean())


def lab(picture: Image.Image) -> NDArray[np.float64]:
    """Return the picture in CIE Lab, from the formulas of IEC 61966-2-1 and CIE 15 (D65)."""
    coded = pixels(picture) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.0890])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def delta_e(one: Image.Image, other: Image.Image) -> float:
    """Return the mean CIE76 colour difference; 1 is about the least that an eye can see."""
    return float(np.linalg.norm(lab(one) - lab(other), axis=-1).mean())


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def p3_profile() -> bytes:
    """Return the profile of Display P3 that libvips has."""
    return bytes(VipsImage.profile_load("p3"))
