"""The order to the hostile program, which follows the last byte of a picture."""

import json
from pathlib import Path

MARK = b"\nhostile:"


def encode_order(behaviour: str, inputs: Path) -> bytes:
    """Return what to append to a picture, so that the hostile program behaves like this."""
    return MARK + json.dumps([behaviour, str(inputs)]).encode()


def decode_order(data: bytes) -> tuple[str, Path] | None:
    """Return the behaviour and the folder of inputs, or None where there is no order."""
    _, mark, order = data.rpartition(MARK)
    if not mark:
        return None
    behaviour, inputs = json.loads(order)
    return behaviour, Path(inputs)
