"""What an image process may do here, seen from outside: as the kernel tells it of one that runs."""

import sys
from pathlib import Path
from typing import Final

from imagemill.doctor.findings import Finding, bad, ok
from imagemill.doctor.words import size
from imagemill.imaging.errors import ChildDidNotStart
from imagemill.imaging.process import PROGRAM, Child

# As /proc/<pid>/limits names them, and how a person does.
LIMITS: Final = {
    "Max address space": "memory",
    "Max file size": "file size",
    "Max core file size": "core dumps",
    "Max open files": "open files",
}


async def examine(memory_bytes: int) -> list[Finding]:
    try:
        child = await Child.start(PROGRAM, memory_bytes)
    except ChildDidNotStart as error:
        advice = "Reinstall imagemill; is CHILD_MEMORY_BYTES enough?"
        return [bad("image processes", str(error), advice)]
    try:
        return _look_at(child.pid)
    finally:
        await child.end()


def _look_at(pid: int) -> list[Finding]:
    if sys.platform != "linux":
        return [ok("image processes", "They start; this system does not show what they may do.")]
    process = Path(f"/proc/{pid}")
    return [
        _limits(_soft_limits((process / "limits").read_text(encoding="ascii"))),
        _privileges((process / "status").read_text(encoding="utf-8")),
    ]


def _limits(found: dict[str, str]) -> Finding:
    missing = [name for name, limit in found.items() if limit == "unlimited"]
    if missing:
        return bad(
            "limits",
            f"Image processes have no limit of {' and '.join(missing)}.",
            "Upgrade imagemill: this version should have set one.",
            **found,
        )
    memory, largest = int(found["memory"]), int(found["file size"])
    return ok(
        "limits",
        f"Image processes may use {size(memory)} of memory, write files of {size(largest)}, open"
        f" {found['open files']} files, and leave no core dump.",
        **found,
    )


def _privileges(status: str) -> Finding:
    """Say which ways out are closed. Source: proc_pid_status(5), NoNewPrivs and Seccomp."""
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    facts = {
        "no_new_privileges": fields.get("NoNewPrivs") == "1",
        "system_calls_filtered": fields.get("Seccomp") == "2",
    }
    said = [
        "gain no privileges" if facts["no_new_privileges"] else "gain privileges by set-uid files",
        "make only the system calls it needs"
        if facts["system_calls_filtered"]
        else "make any system call",
    ]
    return ok("privileges", f"An image process may {' and '.join(said)}.", **facts)


def _soft_limits(table: str) -> dict[str, str]:
    """Parse /proc/<pid>/limits: a name of several words, then the soft limit, then the hard one."""
    return {
        ours: line.removeprefix(theirs).split()[0]
        for line in table.splitlines()
        for theirs, ours in LIMITS.items()
        if line.startswith(theirs)
    }
