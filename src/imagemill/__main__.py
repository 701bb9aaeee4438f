"""`python -m imagemill`: the same as the command `imagemill`."""

from imagemill.cli import app

app()
