"""Makes the gallery: samples, pictures, page."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from gallery.card import Card
from gallery.cards import CARDS, GROUPS
from gallery.page import Shown, page
from gallery.samples import draw_samples
from imagemill.image_files import OutputFile
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.rendered import Rendered
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Output, Pipeline

LIMITS: Final = Limits(
    max_pixels=100_000_000,
    max_frames=1000,
    timeout=timedelta(seconds=60),
    memory_bytes=3 * 1024**3,
)

PICTURES: Final = "pictures"
SHOWN_BY_NO_BROWSER: Final = frozenset({"image/tiff", "image/jxl"})


def build(folder: Path) -> None:
    """Write the page and its pictures into the folder, in the place of those of last time."""
    pictures = folder / PICTURES
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as samples:
        draw_samples(Path(samples))
        shown = asyncio.run(_show_all(Path(samples), pictures))
    (folder / "index.html").write_text(page(GROUPS, shown), encoding="utf-8")


async def _show_all(samples: Path, pictures: Path) -> dict[str, Mapping[str, Shown]]:
    # An asset of the operator is what a sample is here.
    async with Sandbox.open(1, replace(LIMITS, assets=samples)) as sandbox:
        return {card.name: await _show(card, sandbox, samples, pictures) for card in CARDS}


async def _show(card: Card, sandbox: Sandbox, samples: Path, pictures: Path) -> Mapping[str, Shown]:
    """Render a card's pipeline as a worker would; return what is shown of each output."""
    rendered = await _render(sandbox, samples / card.sample, pictures, card.pipeline())
    return {output.name: await _shown(output, sandbox, pictures) for output in rendered.outputs}


async def _render(sandbox: Sandbox, file: Path, folder: Path, pipeline: Pipeline) -> Rendered:
    """Render a file into a folder."""
    with file.open("rb") as source:
        async with sandbox.render(source.fileno(), pipeline) as rendered:
            for output, content in zip(rendered.outputs, rendered.contents, strict=True):
                data = content if isinstance(content, bytes) else os.pread(content, output.bytes, 0)
                (folder / output.path).write_bytes(data)
            return rendered


async def _shown(output: OutputFile, sandbox: Sandbox, pictures: Path) -> Shown:
    picture = output.path
    if output.media_type in SHOWN_BY_NO_BROWSER:
        copy = Output(name=f"{output.name}-as-webp", format="webp", lossless=True)
        rendered = await _render(sandbox, pictures / output.path, pictures, Pipeline.of(copy))
        picture = rendered.outputs[0].path
    return Shown(output, f"{PICTURES}/{output.path}", f"{PICTURES}/{picture}")
