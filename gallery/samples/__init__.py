"""The pictures that the gallery is made from, drawn by code; the same every time."""

from pathlib import Path
from typing import Final

from pyvips import GValue, Image, Operation

from gallery.samples import dunes, emblem, fruit, hdr, lighthouse, mist, night, reader, scan, valley

# JPEG, as cameras and printers make it.
QUALITY: Final = 92
LYING_ON_ITS_LEFT: Final = 6
FRAMES: Final = 12
EXIF: Final = {
    "exif-ifd0-Artist": "Jane",
    "exif-ifd0-Copyright": "Jane, 2026",
    "exif-ifd0-Model": "Camera",
    "exif-ifd3-GPSLatitudeRef": "N",
    "exif-ifd3-GPSLatitude": "54/1 10/1 0/1",
}


def draw_samples(folder: Path) -> None:
    """Write every sample into the folder."""
    for sample in (dunes, emblem, fruit, mist, night, reader, scan, valley):
        name = sample.__name__.rpartition(".")[2]
        sample.draw().webpsave(str(folder / f"{name}.webp"), lossless=True)
    _draw_lighthouse(folder / "lighthouse.jpg")
    _draw_for_print(folder / "print.jpg")
    _draw_for_wide_screens(folder / "wide.jpg")
    _draw_windmill(folder / "mill.webp")
    hdr.save_pq(folder / "hdr.png")
    hdr.save_with_gain_map(folder / "hdr.jpg")
    stamp = valley.draw().crop(840, 40, 420, 280).thumbnail_image(120)
    stamp.webpsave(str(folder / "stamp.webp"), lossless=True)


def _draw_lighthouse(file: Path) -> None:
    """Store the tower lying on its left side, and note that its top is to the right."""
    stored = lighthouse.draw().rot270().copy()
    stored.set_type(GValue.gint_type, "orientation", LYING_ON_ITS_LEFT)
    for field, text in EXIF.items():
        stored.set_type(GValue.gstr_type, field, text)
    stored.jpegsave(str(file), Q=QUALITY)


def _draw_for_print(file: Path) -> None:
    fruit.draw().icc_export(output_profile="cmyk").jpegsave(str(file), Q=QUALITY)


def _draw_for_wide_screens(file: Path) -> None:
    """Read the same numbers as those of Display P3, which makes every colour a stronger one."""
    picture = fruit.draw().copy()
    profile = Operation.call("profile_load", "p3")
    picture.set_type(GValue.blob_type, "icc-profile-data", profile)
    picture.jpegsave(str(file), Q=QUALITY)


def _draw_windmill(file: Path) -> None:
    """Let the emblem turn once in a second."""
    frames = [emblem.draw(turned=at * 360 / FRAMES) for at in range(FRAMES)]
    film = Image.arrayjoin(frames, across=1).copy()
    film.set_type(GValue.gint_type, "page-height", emblem.SIDE)
    film.set_type(GValue.array_int_type, "delay", [1000 // FRAMES] * FRAMES)
    film.set_type(GValue.gint_type, "loop", 0)
    film.webpsave(str(file), lossless=True)
