"""Compares job store and storage with what clients were promised."""

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row

from chaos.load import Load
from imagemill.jobs.job import ENDED
from imagemill.settings.addresses import PostgresAddress
from imagemill.worker.job_executor import NOT_RECORDED
from support.servers import connect

ALLOWED = {
    (None, "PENDING"),
    ("PENDING", "PROCESSING"),
    ("PENDING", "CANCELED"),
    ("PROCESSING", "PENDING"),
    ("PROCESSING", "COMPLETED"),
    ("PROCESSING", "FAILED"),
    ("PROCESSING", "CANCELED"),
}
# How a good picture may fail when those who work on it are killed three times over.
EXCUSED = {"worker_lost", "out_of_memory", "timed_out"}
OLD_SECONDS = 60

Row = dict[str, Any]


@dataclass
class Findings:
    """What became of all jobs, and every broken promise in a sentence of its own."""

    statuses: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    worker_lost: int = 0
    claimed_again: int = 0
    delivered: int = 0
    delivered_again: int = 0

    def broken_promises(self) -> list[str]:
        return self.lost + self.doubled + self.wrong


def examine(postgres: PostgresAddress, storage: Path, load: Load) -> Findings:
    """Look at every job there is, and at what lies in the storage."""
    with connect(postgres) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        jobs = {str(row["id"]): row for row in cursor.execute("SELECT * FROM jobs").fetchall()}
        events = cursor.execute("SELECT * FROM job_events ORDER BY id").fetchall()
    findings = Findings()
    _examine_promises(findings, jobs, load)
    _examine_changes(findings, events)
    for job in jobs.values():
        _examine_files(findings, job, storage)
    _examine_leftovers(findings, storage)
    return findings


def _examine_promises(findings: Findings, jobs: dict[str, Row], load: Load) -> None:
    findings.lost += [f"{job_id} is in no row" for job_id in load.accepted - jobs.keys()]
    for job_id, job in jobs.items():
        status, code = job["status"], job["error_code"]
        findings.statuses[status] += 1
        if status not in ENDED:
            findings.lost.append(f"{job_id} is still {status}")
        if status == "FAILED":
            findings.failures[code] += 1
        if status == "CANCELED" and job_id not in load.canceled:
            findings.wrong.append(f"{job_id} was canceled by nobody")
        if job_id in load.broken and status == "COMPLETED":
            findings.wrong.append(f"{job_id} came out of half a picture")
        # The last of its attempts may be the one whose result was refused; a bug has other words.
        is_refused = job["error_detail"] == NOT_RECORDED.detail
        if job_id in load.good and status == "FAILED" and not (code in EXCUSED or is_refused):
            findings.wrong.append(f"{job_id} failed as {code}: {job['error_detail']}")


def _examine_changes(findings: Findings, events: list[Row]) -> None:
    last: dict[Any, str] = {}
    claims: Counter[Any] = Counter()
    for event in events:
        job_id, status = event["job_id"], event["status"]
        before = last.get(job_id)
        if (before, status) not in ALLOWED:
            kind = findings.doubled if before in ENDED else findings.wrong
            kind.append(f"{job_id} went from {before} to {status}")
        last[job_id] = status
        claims[job_id] += status == "PROCESSING"
        findings.worker_lost += event["error_code"] == "worker_lost"
    findings.claimed_again = sum(count > 1 for count in claims.values())


def _examine_files(findings: Findings, job: Row, storage: Path) -> None:
    if not (storage / job["input_path"]).is_file():
        findings.lost.append(f"{job['id']} has lost its input")
    for output in job["outputs"]:
        file = storage / output["path"]
        if not file.name.startswith(f"{job['id']}.{job['fence']}."):
            findings.doubled.append(f"{job['id']} shows an output that another attempt made")
        if not file.is_file():
            findings.lost.append(f"{job['id']} has lost the output {output['name']}")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != output["sha256"]:
            findings.wrong.append(f"{job['id']} has another output than it says")


def _examine_leftovers(findings: Findings, storage: Path) -> None:
    """Look for files; a worker that lives has an empty folder there."""
    for file in filter(Path.is_file, (storage / "tmp").rglob("*")):
        age = time.time() - file.stat().st_mtime
        if age > OLD_SECONDS:
            findings.wrong.append(f"{file.name} was left behind {age:.0f} s ago")
