"""The other measurements, with as little as they can do with: that they still run."""

import pytest

from bench import keys, outputs, streams

pytestmark = pytest.mark.long


def test_several_outputs_are_compared_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "ROUNDS", 1)
    outputs.main(None)


async def test_an_upload_with_a_key_is_compared_to_its_lookup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys, "TIMES", 2)
    monkeypatch.setattr(keys, "WARM_UP", 1)
    await keys.main(None)


async def test_waiting_clients_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CLIENTS", 20)
    monkeypatch.setattr(streams, "UPLOADS", 20)
    await streams.main()
