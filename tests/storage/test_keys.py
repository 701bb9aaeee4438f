"""Keys are spread evenly, and those of jobs that come together lie together."""

from collections.abc import Callable
from uuid import UUID

import pytest

from imagemill.storage.keys import input_key, outputs_key


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
