"""TIFFs in CIE L*a*b*."""

from collections.abc import Sequence

import numpy as np
import pytest

from imaging.spaces import D65, SRGB, xyz
from imaging.studio import Studio, pixels
from imaging.tiff_files import ARRANGEMENTS, EXTRA, HIGH, SAMPLE_FORMAT, UNASSOCIATED, WIDE, render
from imaging.tiffs import (
    ICC_LAB,
    LAB,
    Tiff,
)


def store_lab(lab: Sequence[float], depth: str, photometric: int) -> list[int]:
    """Return a colour's three samples. Sources: TIFF 6.0, 23; Adobe's notes on 16 bits, ICCLab."""
    light, *opponents = lab
    step = 1 if depth == "u1" else 256
    if photometric == ICC_LAB:
        white = 255 if depth == "u1" else 65280
        return [round(light * white / 100), *(round((value + 128) * step) for value in opponents)]
    most = np.iinfo(depth).max
    return [round(light * most / 100), *(round(value * step) % (most + 1) for value in opponents)]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("depth", ["u1", "u2"])
@pytest.mark.parametrize("photometric", [LAB, ICC_LAB])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_lab(
    studio: Studio, photometric: int, depth: str, arrangement: str, *, has_alpha: bool
) -> None:
    color = [53, 40, -30]
    stored = store_lab(color, depth, photometric)
    tags = {}
    if has_alpha:
        stored, tags = [*stored, np.iinfo(depth).max // 2], {EXTRA: [UNASSOCIATED]}
    samples = np.full((HIGH, WIDE, len(stored)), stored, depth)
    if has_alpha and arrangement == "planes":
        samples[..., 3] += 1  # an odd number in a plane of its own
    tiff = Tiff(samples, photometric, tags, **ARRANGEMENTS[arrangement])
    wanted = [*(SRGB.from_lab(np.array(color, float)) * 255), 127.5 if has_alpha else 255]
    assert render(studio, tiff)[1] == pytest.approx(wanted, abs=2)


@pytest.mark.parametrize("depth", ["i1", "i2"])
def test_lab_may_be_said_to_be_signed(studio: Studio, depth: str) -> None:
    unsigned = depth.replace("i", "u")
    stored = np.full((HIGH, WIDE, 3), store_lab([53, 40, -30], unsigned, LAB), unsigned)
    shown = render(studio, Tiff(stored, LAB, {SAMPLE_FORMAT: [2, 2, 2]}))
    assert (shown == render(studio, Tiff(stored, LAB))).all()


def test_lab_of_daylight(studio: Studio) -> None:
    # From L, a and b to sRGB without any adaptation: IEC 61966-2-1 has the same white.
    f = np.array([69 / 116 + 40 / 500, 69 / 116, 69 / 116 + 30 / 200])
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    wanted = SRGB.coded(np.linalg.solve(to_xyz, f**3 * xyz(*D65))) * 255
    stored = np.full((HIGH, WIDE, 3), store_lab([53, 40, -30], "u2", LAB), "u2")
    white = (3127, 10000, 3290, 10000)
    assert render(studio, Tiff(stored, LAB, {318: white}), "RGB")[0] == pytest.approx(wanted, abs=2)


def test_a_large_lab_is_read_strip_by_strip(studio: Studio) -> None:
    samples = np.full((1500, 300, 3), store_lab([53, 40, -30], "u1", LAB), "u1")
    file = studio.inputs / "in.tif"
    file.write_bytes(Tiff(samples, LAB, order=">").encode())
    made = pixels(studio.make(file, format="png"))
    assert (made.min((0, 1)) == made.max((0, 1))).all()
