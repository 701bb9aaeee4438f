"""The processes of a container, as the kernel describes them."""

import re

from containers.engine import docker

Process = dict[str, str]


def processes(container: str, user: str = "") -> list[Process]:
    """Return `/proc/…/status` of process 1 and of all that it started.

    We look as the container's own user unless another one is named. What health checks run comes
    from outside, as we do, and is left out.
    """
    read = "cat /proc/[0-9]*/status 2>/dev/null; true"  # one may end while it is read
    status_files = docker("exec", "--user", user, container, "sh", "-c", read)
    statuses = re.split(r"(?=^Name:)", status_files, flags=re.MULTILINE)[1:]
    found = {process["Pid"]: process for process in map(_fields, statuses)}
    return [process for process in found.values() if _stems_from_first(process, found)]


def _fields(status: str) -> Process:
    lines = (line.partition(":") for line in status.splitlines())
    return {name: value.strip() for name, _, value in lines}


def _stems_from_first(process: Process, found: dict[str, Process]) -> bool:
    while process["Pid"] != "1":
        if process["PPid"] not in found:
            return False
        process = found[process["PPid"]]
    return True
