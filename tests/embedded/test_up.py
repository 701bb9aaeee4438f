import json
import signal
import socket
import sys
from pathlib import Path

import psutil
import psycopg
from redis import Redis

from support.process import wait_until

from .up_process import UpProcess, running_up, stop_at_end

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
signal.pause()
"""


def test_it_prints_all_addresses(tmp_path: Path) -> None:
    with running_up(tmp_path) as stack:
        with psycopg.connect(stack.uri("postgresql")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with Redis.from_url(stack.uri("redis")) as client:
            assert client.ping()
        assert str(stack.data) in stack.logged()


def test_services_get_our_addresses_and_the_users_other_settings(up_folder: Path) -> None:
    users = {
        "MAX_PIXELS": "123",
        "PG_HOST": "elsewhere",
        "PG_PASSWORD_FILE": "/elsewhere",
        "PGSSLMODE": "require",
        "redis_host": "elsewhere",
        "STORAGE_URL": "file:///elsewhere",
    }
    with stop_at_end(UpProcess(up_folder, environment=users)) as stack:
        stack.until_ready()
        got = json.loads((up_folder / "worker.json").read_text(encoding="utf-8"))
    assert got["MAX_PIXELS"] == "123"
    assert got["STORAGE_URL"] == (up_folder / "data" / "storage").as_uri()
    assert {"PG_PORT", "PG_PASSWORD", "REDIS_HOST", "REDIS_PASSWORD"} <= got.keys()
    assert {"PG_PASSWORD_FILE", "PGSSLMODE", "redis_host"}.isdisjoint(got)
    assert "elsewhere" not in got.values()


def test_sigterm_stops_all_in_order(up_folder: Path) -> None:
    with running_up(up_folder) as stack:
        children = stack.children()
        assert stack.stop(signal.SIGTERM) == 0
        assert psutil.wait_procs(children, timeout=0)[1] == []
    assert stack.journaled().splitlines()[-2:] == [
        "api stopped before its servers",
        "worker stopped before its servers",
    ]
    valkey, postgres = stack.data / "valkey/valkey.log", stack.data / "postgres/postgres.log"
    assert "bye bye" in valkey.read_text(encoding="utf-8")
    assert "database system is shut down" in postgres.read_text(encoding="utf-8")
    assert valkey.stat().st_mtime_ns < postgres.stat().st_mtime_ns


def test_ctrl_c_reaches_no_child_by_itself(up_folder: Path) -> None:
    with running_up(up_folder) as stack:
        sessions = [stack.child(each).pid for each in ("stand_in.py worker", "stand_in.py api")]
        sessions += [stack.child(each).pid for each in ("bin/postgres", "valkey-server")]
        leaders = [int(stat_fields(pid)[3]) for pid in sessions]
        assert leaders == sessions
        assert stack.stop(signal.SIGINT) == 0


def stat_fields(pid: int) -> list[str]:
    """Return what follows the name in /proc/PID/stat: status, parent, group, session …"""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()


def test_a_second_ctrl_c_kills_what_does_not_end(up_folder: Path) -> None:
    with stop_at_end(UpProcess(up_folder, worker=(sys.executable, "-c", DEAF))) as stack:
        stack.until_ready()
        stack.until_logged("deaf")
        children = stack.children()
        stack.process.send_signal(signal.SIGINT)
        wait_until(lambda: "api stopped" in stack.journaled(), "api stops")
        stack.process.send_signal(signal.SIGINT)
        stack.process.wait(20)
        assert psutil.wait_procs(children, timeout=30)[1] == []


def test_ctrl_c_during_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    with stop_at_end(UpProcess(tmp_path)) as stack:
        wait_until((stack.data / "postgres/data.new").exists, "the data folder is being made")
        children = stack.children()
        assert stack.stop(signal.SIGINT) == 0
        assert psutil.wait_procs(children, timeout=30)[1] == []


def test_all_four_are_restarted_when_they_are_killed(up_folder: Path) -> None:
    with running_up(up_folder) as stack:
        before = stack.uri("postgresql"), stack.uri("redis")
        for part in ("stand_in.py api", "stand_in.py worker", "valkey-server", "bin/postgres"):
            stack.child(part).kill()
        stack.until_logged("service.restarted", times=4)
        assert stack.logged().count("was killed by SIGKILL") == 4
        with psycopg.connect(before[0]) as connection, Redis.from_url(before[1]) as client:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            assert client.ping()


def test_after_kill_9_no_child_is_left_and_the_next_start_works(up_folder: Path) -> None:
    with running_up(up_folder) as stack:
        children = stack.children()
        assert len(children) >= 4
        stack.process.kill()
        stack.process.wait()
        assert psutil.wait_procs(children, timeout=30)[1] == []
    with running_up(up_folder) as stack, psycopg.connect(stack.uri("postgresql")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_service_in_a_crash_loop_ends_the_stack(up_folder: Path) -> None:
    wrong = (sys.executable, "-c", "raise SystemExit('MAX_PIXELS=x is not a number')")
    with stop_at_end(UpProcess(up_folder, worker=wrong)) as stack:
        assert stack.process.wait(60) == 1
    assert stack.logged().count("MAX_PIXELS=x is not a number") == 5
    assert stack.logged().endswith(
        "worker failed 5 times in a row at its start (exited with status 1):"
        " its output above says why.\n"
    )


def test_a_second_one_on_the_same_folder_is_rejected(up_folder: Path) -> None:
    with running_up(up_folder) as first:
        for port in (None, first.port):
            with stop_at_end(UpProcess(up_folder, port=port)) as second:
                assert second.process.wait(60) == 1
        assert first.logged().count(f"Another imagemill uses the folder {first.data}: stop it") == 2


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with stop_at_end(UpProcess(tmp_path, port=port)) as stack:
            assert stack.process.wait(60) == 1
    assert stack.logged() == (
        f"Port {port} of 127.0.0.1 is in use by another program: choose one with --port.\n"
    )
    assert not stack.data.exists()


def test_two_run_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    with running_up(tmp_path / "one") as one, running_up(tmp_path / "other") as other:
        assert one.uri("postgresql") != other.uri("postgresql")
        assert one.stop() == 0
        assert other.process.poll() is None
