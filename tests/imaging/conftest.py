from pathlib import Path

import pytest

from imaging.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    inputs, outputs = tmp_path / "inputs", tmp_path / "outputs"
    inputs.mkdir()
    outputs.mkdir()
    return Studio(inputs, outputs)
