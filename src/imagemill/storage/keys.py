"""The keys under which a storage keeps its files.

No part of a key ever comes from a client: a key is made of an id, a fence and names that
imagemill checked. Files are spread over 4096 shards, so that sixteen million jobs are four thousand
entries a shard. Jobs that come together share a shard, so that one sync of its folder serves them
all: a UUIDv7 begins with its time in milliseconds, and each shard has its turn for four seconds
every four and a half hours.

Outputs have no folder of their own, which would take more syncs than they do: all of an attempt, or
of a job, are the files whose names begin with its key and a dot.
"""

from typing import Final
from uuid import UUID

INPUTS: Final = "inputs"
OUTPUTS: Final = "outputs"
# Unfinished files; on the same file system as the finished ones, so that a rename moves them.
TEMPORARY: Final = "tmp"
QUARANTINE: Final = "quarantine"

# The id and the fence, in the name of an output.
ATTEMPT_PARTS: Final = 2


def input_key(job_id: UUID, extension: str) -> str:
    """Return the key of a job's input, such as `inputs/c27/<id>.jpg` for the extension `.jpg`."""
    return f"{INPUTS}/{_shard(job_id)}/{job_id}{extension}"


def outputs_key(job_id: UUID) -> str:
    """Return the key of all outputs of a job, of every attempt."""
    return f"{OUTPUTS}/{_shard(job_id)}/{job_id}"


def attempt_key(job_id: UUID, fence: int) -> str:
    """Return the key of all outputs of one claim of a job."""
    return f"{outputs_key(job_id)}.{fence}"


def output_key(job_id: UUID, fence: int, file_name: str) -> str:
    """Return the key of one output, such as `outputs/c27/<id>.2.thumb.webp`."""
    return f"{attempt_key(job_id, fence)}.{file_name}"


def unit_key(key: str) -> str:
    """Return the key of the unit that a file belongs to: of an output that of its attempt."""
    if not is_output(key):
        return key
    folder, _, name = key.rpartition("/")
    return f"{folder}/{'.'.join(name.split('.')[:ATTEMPT_PARTS])}"


def is_output(key: str) -> bool:
    """Return whether the key is that of an output, or of several."""
    return key.startswith(f"{OUTPUTS}/")


def _shard(job_id: UUID) -> str:
    return job_id.hex[6:9]
