"""API keys of an `imagemill up`, and where it does not listen without any."""

from pathlib import Path

import httpx

from support.process import free_port, running, wait_until

from .up_process import add_key, running_up

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what this is about


def test_without_a_key_it_fails_at_once_instead_of_listening_for_other_machines(
    up_folder: Path,
) -> None:
    up = ["up", "--host", EVERYWHERE, "--data", str(up_folder / "data"), "--port", str(free_port())]
    with running(up, {"LOG_LEVEL": "error"}, up_folder / "up.log") as service:
        assert service.process.wait(120) == 1
        output = service.logged()
    (message,) = [line for line in output.splitlines() if "ALLOW_ANONYMOUS=true" in line]
    assert message.startswith(f"imagemill: --host {EVERYWHERE} ")
    assert output.splitlines()[-1] == "imagemill: api cannot start: its output above says why."


def test_with_a_key_that_was_added_while_it_ran_it_listens_for_other_machines(
    up_folder: Path,
) -> None:
    port, data = free_port(), up_folder / "data"
    with running_up(up_folder) as stack:
        key = add_key(stack.data)
    up = ["up", "--host", EVERYWHERE, "--data", str(data), "--port", str(port)]
    with running(up, {}, up_folder / "again.log") as service:
        wait_until(lambda: "imagemill is ready at" in service.logged(), "ready", service.logged)
        jobs = f"http://127.0.0.1:{port}/jobs"
        assert httpx.get(jobs, timeout=30).status_code == httpx.codes.UNAUTHORIZED
        headers = {"Authorization": f"Bearer {key}"}
        assert httpx.get(jobs, headers=headers, timeout=30).status_code == httpx.codes.OK
