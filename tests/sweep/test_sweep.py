"""Pictures are held against Pillow's as `make sweep` does, on a few that are drawn here."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.studio import Studio, gradient, noise, srgb_profile
from sweep.compare import compare, is_alike
from sweep.exceptions import Exceptions, Verdict, read_exceptions
from sweep.pictures import list_pictures
from sweep.reference import Pixels, Refused, read_reference
from sweep.run import Report, sweep

NONE = Exceptions({}, frozenset())


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    folders = Studio(tmp_path / "inputs", tmp_path / "outputs")
    folders.inputs.mkdir()
    return folders


def rgba(picture: Image.Image) -> Pixels:
    return np.asarray(picture.convert("RGBA"))


def test_pictures_are_alike_within_the_bound_of_their_format() -> None:
    one, brighter = gradient(64, 48), gradient(64, 48).point(lambda level: min(level + 8, 255))
    difference = compare(rgba(brighter), rgba(one))
    assert 4 < difference.mean < 8
    assert difference.high == 8
    assert not is_alike(difference, "JPEG")
    noisy = compare(rgba(one.point(lambda level: level | 1)), rgba(one))
    assert is_alike(noisy, "PNG")


def test_a_corner_that_differs_is_not_alike() -> None:
    other = gradient(64, 48)
    other.paste((255, 255, 255), (0, 0, 12, 12))
    difference = compare(rgba(other), rgba(gradient(64, 48)))
    assert not is_alike(difference, "PNG")
    assert not is_alike(difference, "JPEG")


def test_colors_that_cannot_be_seen_do_not_count_and_alpha_does() -> None:
    hidden, other = Image.new("RGBA", (8, 8), (1, 2, 3, 0)), Image.new("RGBA", (8, 8), (9, 9, 9, 0))
    assert compare(rgba(hidden), rgba(other)).mean == 0
    assert not is_alike(compare(rgba(hidden), rgba(Image.new("RGB", (8, 8)))), "PNG")


async def test_every_verdict(studio: Studio) -> None:
    upright, profile = Image.Exif(), srgb_profile()
    upright[0x0112] = 6
    studio.save(gradient(40, 30), "a.jpg", exif=upright, quality=90, icc_profile=profile)
    studio.save(gradient(40, 30), "b.tga")
    (studio.inputs / "c.png").write_bytes(b"no picture")
    linear = studio.save(gradient(40, 30), "d.png").read_bytes()
    gamma = b"\0\0\0\4gAMA\0\1\x86\xa0\x31\xe8\x96\x5f"
    (studio.inputs / "d.png").write_bytes(linear[:33] + gamma + linear[33:])
    whole = studio.save(gradient(40, 30), "e.jpg", progressive=True).read_bytes()
    (studio.inputs / "e.jpg").write_bytes(whole.removesuffix(b"\xff\xd9"))
    report = await sweep(list_pictures({"x": studio.inputs}), NONE, is_complete=True)
    assert {one.name: one.verdict for one in report.findings} == {
        "x/a.jpg": Verdict.ALIKE,
        "x/b.tga": Verdict.ONLY_PILLOW,
        "x/c.png": Verdict.REFUSED,
        "x/d.png": Verdict.DIFFERENT,
        "x/e.jpg": Verdict.ONLY_IMAGEMILL,
    }
    assert len(report.faults()) == 3
    first = next(report.lines(with_exceptions=False))
    assert first.startswith("5 files: 1 alike, 1 refused by both, 0 in formats not taken,")
    assert first.endswith("0 listed exceptions, 3 faults")
    listed = Exceptions(
        {Verdict.DIFFERENT: ("x/d*",), Verdict.ONLY_IMAGEMILL: ("x/e.jpg",)}, frozenset({"TGA"})
    )
    excused = Report(listed, is_complete=True, findings=report.findings)
    assert excused.faults() == []
    first = next(excused.lines(with_exceptions=False))
    assert first.endswith("1 in formats not taken, 2 listed exceptions, 0 faults")


def test_an_exception_that_none_needs_is_a_fault() -> None:
    listed = Exceptions({Verdict.DIFFERENT: ("x/gone.png",)}, frozenset())
    assert Report(listed, is_complete=True).faults() == [
        "x/gone.png: no such picture needs an exception"
    ]
    assert Report(listed, is_complete=False).faults() == []


def test_what_is_listed_is_valid() -> None:
    exceptions = read_exceptions()
    assert Verdict.LOST not in exceptions.patterns
    assert len(set(exceptions.all_names())) == len(exceptions.all_names())


def test_an_exception_needs_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.toml"
    entry = '[not_taken]\nformats = []\n[[exception]]\nfiles = ["a"]\nverdict = "different"\n'
    file.write_text(entry + 'reason = " "\n')
    with pytest.raises(ValueError, match="no reason"):
        read_exceptions(file)


def test_the_reference_refuses_what_pillow_does(studio: Studio) -> None:
    file = studio.save(noise(40, 30), "in.png")
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(Refused):
        read_reference(file)
