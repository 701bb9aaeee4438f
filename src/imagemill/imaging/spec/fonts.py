"""The fonts that texts of watermarks are drawn with: Noto Sans, then those of the assets folder."""

import mmap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final
from unicodedata import category, normalize

from fontpkg_noto_sans import ROOT

from imagemill.errors import ServiceError
from imagemill.imaging.spec.assets import Location
from imagemill.imaging.spec.font_coverage import BadFont, read_coverage
from imagemill.imaging.spec.plain import Pipeline

BUNDLED: Final = Path(ROOT, "files", "NotoSans[wdth,wght].ttf")
SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc"})

# Characters that are not drawn themselves: line breaks and other controls, joiners and marks of
# direction, and separators.
UNDRAWN: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
VARIATION_SELECTORS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


class FontError(ServiceError):
    """A font of the assets folder cannot be used. The message is one sentence that names it."""


def find_fonts(folder: Path | None) -> list[Path]:
    """Return the font files of the folder, by their names, with all links resolved.

    As with images, a link must not lead out of the folder.
    """
    if folder is None:
        return []
    root = folder.resolve()
    named = sorted(one for one in root.iterdir() if one.suffix.lower() in SUFFIXES)
    files = [one.resolve() for one in named if not one.name.startswith(".")]
    return [file for file in files if file.is_relative_to(root) and file.is_file()]


def check_fonts(folder: Path | None) -> list[str]:
    """Return the names of the folder's fonts. Raises FontError for one that cannot be used."""
    files = find_fonts(folder)
    for file in files:
        _load_coverage(file)
    return [file.name for file in files]


def find_undrawable_texts(
    pipeline: Pipeline, folder: Path | None
) -> Iterator[tuple[Location, str]]:
    """Yield the location of each text that no font has all characters of, and a message.

    A font that was damaged since the start has none.
    """
    texts = find_texts(pipeline)
    coverages = [*_load_coverages(folder)] if texts else []
    for location, text in texts.items():
        missing = next((one for one in text if not _is_drawable(one, coverages)), None)
        if missing is not None:
            fonts = "Noto Sans nor in the fonts of the server's assets folder (ASSETS_DIR)"
            shown = f" {missing}" if missing.isprintable() else ""
            yield location, f"Holds U+{ord(missing):04X}{shown}, for which no glyph is in {fonts}"


def find_texts(pipeline: Pipeline) -> Mapping[Location, str]:
    """Return the text of each watermark, by its location."""
    return {
        ("outputs", index, "watermark", "text"): output.watermark.text
        for index, output in enumerate(pipeline.outputs)
        if output.watermark is not None and output.watermark.text is not None
    }


def _is_drawable(character: str, coverages: list[bytearray]) -> bool:
    if category(character) in UNDRAWN or character in VARIATION_SELECTORS:
        return True
    # A letter with an accent may be drawn as a letter and an accent of one font.
    forms = {character, normalize("NFC", character), normalize("NFD", character)}
    return any(all(_covers(font, one) for one in form) for form in forms for font in coverages)


def _covers(coverage: bytearray, character: str) -> bool:
    code = ord(character)
    return bool(coverage[code >> 3] >> (code & 7) & 1)


def _load_coverages(folder: Path | None) -> Iterator[bytearray]:
    for file in (BUNDLED, *find_fonts(folder)):
        with suppress(FontError):
            yield _load_coverage(file)


def _load_coverage(file: Path) -> bytearray:
    try:
        status = file.stat()
        return _read_coverage(file, (status.st_ino, status.st_mtime_ns, status.st_size))
    except (OSError, BadFont) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FontError(f"the font {file.name} of ASSETS_DIR cannot be used: {reason}") from error


@lru_cache(maxsize=64)
def _read_coverage(file: Path, _identity: tuple[int, int, int]) -> bytearray:
    """Read the file once, as long as it is the same. Fonts of CJK have up to 100 MB."""
    with file.open("rb") as stream:
        if not file.stat().st_size:
            raise BadFont("it is empty")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return read_coverage(data)
