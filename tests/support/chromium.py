"""Chromium without a window."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def browser_environment() -> dict[str, str]:
    """Return this process' environment without its fonts: those of watermarks, if it draws any."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FONTCONFIG")}


@contextmanager
def showing_page(browser: str, url: str, folder: Path) -> Iterator[None]:
    """Show the page during the block; the folder is for the browser's profile."""
    # Chromium's own sandbox needs rights that containers do not have; the page is ours.
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    process = subprocess.Popen(
        [browser, *arguments, "--remote-debugging-port=0", url],
        env=browser_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()
