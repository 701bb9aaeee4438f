"""Exceptions in log lines."""

import subprocess
import sys

import pytest

FAILING = """
import structlog
from imagemill.telemetry.logs import configure_logs

configure_logs("info", {format!r})

def connect(secret):
    local = {{"login": secret}}
    raise ValueError("no luck")

try:
    connect("s3cret")
except ValueError:
    structlog.get_logger().exception("it.failed")
"""


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_traceback_shows_where_and_no_variables(format_: str) -> None:
    program = FAILING.format(format=format_)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "ValueError" in ended.stderr
    assert "connect" in ended.stderr
    assert "s3cret" not in ended.stderr
