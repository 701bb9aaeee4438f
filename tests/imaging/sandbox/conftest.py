import psutil
import pytest

from imaging.image_processes import UNRELATED_PROCESSES


@pytest.fixture(autouse=True)
def _leave_out_others() -> None:
    UNRELATED_PROCESSES.clear()
    UNRELATED_PROCESSES.update(psutil.Process().children())
