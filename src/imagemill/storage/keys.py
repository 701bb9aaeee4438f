"""The keys under which a storage keeps its files.

No part of a key ever comes from a client: a key is made of an id, a fence and names that
imagemill checked. Files are spread over 4096 shards, so that sixteen million jobs are four thousand
entries a shard. Jobs that come together share a shard, so that one sync of its folder serves them
all: a UUIDv7 begins with its time in milliseconds, and each shard has its turn for four seconds
every four and a half hours.
"""

from typing import Final
from uuid import UUID

INPUTS: Final = "inputs"
OUTPUTS: Final = "outputs"
# Unfinished files; on the same file system as the finished ones, so that a rename moves them.
TEMPORARY: Final = "tmp"
QUARANTINE: Final = "quarantine"


def input_key(job_id: UUID, extension: str) -> str:
    """Return the key of a job's input, such as `inputs/c27/<id>.jpg` for the extension `.jpg`."""
    return f"{INPUTS}/{_shard(job_id)}/{job_id}{extension}"


def outputs_key(job_id: UUID) -> str:
    """Return the key of the folder of all outputs of a job, of every attempt."""
    return f"{OUTPUTS}/{_shard(job_id)}/{job_id}"


def attempt_key(job_id: UUID, fence: int) -> str:
    """Return the key of the folder for the outputs of one claim of a job."""
    return f"{outputs_key(job_id)}/{fence}"


def _shard(job_id: UUID) -> str:
    return job_id.hex[6:9]
