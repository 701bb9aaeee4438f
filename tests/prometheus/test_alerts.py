"""The alerting rules on recorded series, and the examples for Prometheus, judged by promtool."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .dashboard import expressions

ROOT = Path(__file__).parents[2]
RULES = ROOT / "docs" / "alerts.yml"
SERIES = Path(__file__).with_name("alerts_test.yml")

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
PROMTOOL = shutil.which("promtool", path=PATH)
pytestmark = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed: `make test-alerts` fetches it"
)


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(PROMTOOL), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_rules_fire_on_recorded_series_and_only_then() -> None:
    ended = promtool("test", "rules", SERIES)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_rule_has_its_series() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")))
    silent, firing = SERIES.read_text(encoding="utf-8").split("- name: no gateway is read")
    assert alerts == set(re.findall(r"alertname: (\w+)", silent))
    assert alerts == set(re.findall(r'alertname="(\w+)"', firing))


def test_the_example_of_a_configuration_is_valid(tmp_path: Path) -> None:
    example = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    shutil.copy(RULES, tmp_path)
    key = tmp_path / "imagemill.key"
    key.touch()
    text = example.read_text(encoding="utf-8").replace("/etc/prometheus/imagemill.key", str(key))
    (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
    ended = promtool("check", "config", tmp_path / "prometheus.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_query_of_the_dashboard_is_valid(tmp_path: Path) -> None:
    rules = [{"record": f"query:{n}", "expr": expr} for n, expr in enumerate(expressions())]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")
    ended = promtool("check", "rules", file)
    assert ended.returncode == 0, ended.stdout + ended.stderr
