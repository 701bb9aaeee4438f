"""The pictures of the sweep: those that the tests of Pillow and pillow-heif read.

Wheels leave tests out, so pip downloads the packages' sources, of the versions installed here.
"""

import subprocess
import sys
import tarfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

# The packages, and where their sources have pictures.
SOURCES = {"pillow": "Tests/images", "pillow-heif": "tests/images"}


def fetch_pictures(cache: Path) -> dict[str, Path]:
    """Return the folder of each package's pictures, downloaded unless the cache has them."""
    return {package: _fetch(package, cache) for package in SOURCES}


def list_pictures(folders: Mapping[str, Path]) -> dict[str, Path]:
    """Return all files in the folders by their names, which begin with that of their folder."""
    return {
        f"{name}/{file.relative_to(folder)}": file
        for name, folder in folders.items()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _fetch(package: str, cache: Path) -> Path:
    release = f"{package}=={version(package)}"
    folder = cache / release
    if not folder.exists():
        archive = _download(release, cache / "archives")
        unpacked = cache / f"{release}.part"
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, filter="data")
        unpacked.rename(folder)
        archive.unlink()
    return next(folder.glob("*")) / SOURCES[package]


def _download(release: str, folder: Path) -> Path:
    """Download the source of a release. pip also asks it for its metadata, without building it."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    package = release.partition("==")[0]
    subprocess.run([*pip, "--no-binary", package, "--dest", str(folder), release], check=True)
    return next(folder.glob("*.tar.gz"))
