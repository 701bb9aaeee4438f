"""The command `imagemill`."""

from imagemill.cli.app import app

__all__ = ["app"]
