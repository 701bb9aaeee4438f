"""Pictures with watermarks for tests, and where a mark can be seen in them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from imaging.studio import LIMITS, Studio, noise, open_picture, pixels

Bounds = tuple[int, int, int, int]

BLACK = Image.new("RGB", (800, 400))


def render_marked(
    studio: Studio,
    picture: Image.Image,
    assets: Path | None = None,
    output: Mapping[str, object] = MappingProxyType({}),
    **watermark: object,
) -> Image.Image:
    """Render the picture as a PNG, or as `output` says, with the watermark."""
    file = studio.save(picture, "in.png")
    asked = {"format": "png", "watermark": watermark, **output}
    rendered = studio.render(file, asked, limits=replace(LIMITS, assets=assets))
    return open_picture(studio.file(rendered.outputs[0]))


def logo(width: int, height: int) -> Image.Image:
    """Noise of every opacity."""
    return noise(width, height, bands=4)


def bounds(picture: Image.Image, ground: Image.Image) -> Bounds:
    """Return left, top, right and bottom of where two pictures clearly differ."""
    changed = np.abs(pixels(picture) - pixels(ground)).max(axis=2) > 60
    across, down = np.flatnonzero(changed.any(axis=0)), np.flatnonzero(changed.any(axis=1))
    return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


def watermark_of(text: str, **watermark: object) -> dict[str, Any]:
    """Ask for a text that is as large as can be and hides what is below; a dash is a bar."""
    return {"text": text, "opacity": 1, "margin": 0, "scale": 1, "position": "center"} | watermark
