"""Keys are spread evenly, whatever the order of ids."""

from collections.abc import Callable
from uuid import UUID

import pytest

from imagemill.storage.keys import input_key, outputs_key


@pytest.mark.parametrize("key", [lambda i: input_key(i, ".jpg"), outputs_key])
def test_ids_spread_over_shards_by_their_random_end(key: Callable[[UUID], str]) -> None:
    job_id = UUID("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11")
    assert key(job_id).split("/")[1] == "b11"
