"""Jobs with real files in a storage, and files of any age."""

import hashlib
import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from imagemill.image_files import InputImage, OutputFile
from imagemill.jobs.job import Claim, Completed, InputFacts, Job, JobId
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.keys import input_key, output_key
from support.jobs import new_job
from support.servers import connect

DAY = timedelta(days=1)


def write_file(path: Path, content: bytes = b"picture", age: timedelta = 2 * DAY) -> Path:
    """Make a file whose modification time, and its folder's, is `age` ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    set_age(path, age)
    set_age(path.parent, age)
    return path


def set_age(path: Path, age: timedelta) -> None:
    moment = time.time() - age.total_seconds()
    os.utime(path, (moment, moment))


def backdate(address: PostgresAddress, job_id: JobId | str, age: timedelta) -> None:
    """Let the job have been created, and have ended if it has, so long ago."""
    with connect(address) as connection, connection.transaction():
        # Its triggers let nobody touch a job that has ended.
        connection.execute("ALTER TABLE jobs DISABLE TRIGGER USER")
        connection.execute(
            "UPDATE jobs SET created_at = now() - %(age)s, run_at = now() - %(age)s,"
            " completed_at = completed_at - %(age)s WHERE id = %(id)s",
            {"age": age, "id": job_id},
        )
        connection.execute("ALTER TABLE jobs ENABLE TRIGGER USER")


async def store_pending_job(job_store: JobStore, root: Path, content: bytes = b"picture") -> Job:
    """Accept a job whose input was stored two days ago."""
    new = new_job()
    key = input_key(new.id, ".jpg")
    write_file(root / key, content)
    facts = InputFacts("cat.jpg", "image/jpeg", len(content), hashlib.sha256(content).hexdigest())
    return await job_store.accept(replace(new, input_path=key, input=facts))


def store_output(root: Path, claim: Claim, content: bytes = b"thumbnail") -> OutputFile:
    """Publish an output of this attempt, as if two days ago."""
    key = output_key(claim.id, claim.fence, "thumb.webp")
    write_file(root / key, content)
    digest = hashlib.sha256(content).hexdigest()
    return OutputFile("thumb", key, "image/webp", len(content), 10, 8, 1, digest)


async def store_completed_job(job_store: JobStore, leases: JobLeases, root: Path) -> Job:
    """Complete a job; its input and output are two days old."""
    job = await store_pending_job(job_store, root)
    (claim,) = await leases.claim([job.id])
    await leases.finish([Completed(claim, InputImage(20, 16, 1), (store_output(root, claim),))])
    return await job_store.find(job.id)
