"""Keys are spread evenly, and those of jobs that come together lie together."""

from collections.abc import Callable
from uuid import UUID

import pytest

from imagemill.storage.keys import attempt_key, input_key, output_key, outputs_key, unit_key


@pytest.mark.parametrize("key", [lambda i: input_key(i, ".jpg"), outputs_key])
def test_jobs_of_the_same_four_seconds_share_a_shard(key: Callable[[UUID], str]) -> None:
    shards = [
        key(UUID(job_id)).split("/")[1]
        for job_id in (
            "0199f0c2-7000-7c3a-9d52-5d0c3c0a7b11",
            "0199f0c2-7fff-7aaa-8000-000000000fff",
            "0199f0c2-8000-7c3a-9d52-5d0c3c0a7b11",
        )
    ]
    assert shards == ["c27", "c27", "c28"]


def test_the_outputs_of_an_attempt_are_those_whose_names_begin_with_its_key() -> None:
    job_id = UUID("0199f0c2-7000-7c3a-9d52-5d0c3c0a7b11")
    key = output_key(job_id, 12, "thumb.webp")
    assert key == f"outputs/c27/{job_id}.12.thumb.webp"
    assert unit_key(key) == attempt_key(job_id, 12) == f"{outputs_key(job_id)}.12"
    assert unit_key(input_key(job_id, ".jpg")) == input_key(job_id, ".jpg")
