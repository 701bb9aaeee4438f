"""schemathesis asks a running gateway whatever its document allows and forbids.

`make schemathesis` asks more, with another seed.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.keys import Keyring
from support.process import running_api, running_worker

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "6")
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_schemathesis_finds_nothing(
    environment: dict[str, str], keyring: Keyring, tmp_path: Path
) -> None:
    environment |= {"WEBHOOK_ALLOW_PRIVATE": "true"}
    key = keyring.add("schemathesis", is_admin=True)["Authorization"]
    with (
        running_api(environment, tmp_path / "api.log") as (gateway, url),
        running_worker(environment, tmp_path / "worker.log", "--concurrency", "1"),
    ):
        program = [sys.executable, "-m", "schemathesis.cli"]
        config = ["--config-file", str(HERE / "schemathesis.toml")]
        asked = ["--max-examples", EXAMPLES, "--seed", SEED, "--no-color"]
        asked += ["--header", f"Authorization: {key}"]
        found = subprocess.run(
            [*program, *config, "run", f"{url}/openapi.json", *asked],
            env=os.environ
            | {"PYTHONPATH": str(HERE.parent), "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, found.stdout + found.stderr
        assert '"level": "error"' not in gateway.logged()
    # Every phase has run: a document that none can read would find nothing either.
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in found.stdout, found.stdout
