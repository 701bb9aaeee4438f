"""Details of failed jobs are sentences for clients: no names of functions, files or libraries."""

import re
from random import Random

import numpy as np
import pytest

from fuzz.mutations import mutate, valid_pictures
from imagemill.errors import Rejected
from imaging.studio import Studio
from imaging.tiffs import MIN_IS_BLACK, Tiff

FOREIGN = re.compile(
    r"vips|TIFF[A-Z]\w+|\w+_\w+|\w\(\)|\w/\w|/tmp|libjpeg|libpng|libtiff|heif\b|webp2|\b0x|\(\d",
    re.IGNORECASE,
)


def sentence_of(studio: Studio, data: bytes) -> str:
    """Return the detail of the failure, "" when there is none."""
    file = studio.inputs / "in"
    file.write_bytes(data)
    try:
        studio.render(file, {"format": "png", "width": 20})
    except Rejected as error:
        return str(error).replace("TIFF/EP", "")  # a camera's format
    return ""


def test_no_detail_has_a_librarys_words(studio: Studio) -> None:
    random = Random(2)
    pictures = valid_pictures()
    damaged = [*mutate(pictures, 300, 5), *(one[: random.randrange(len(one))] for one in pictures)]
    sentences = {sentence_of(studio, data) for data in damaged} - {""}
    assert len(sentences) > 3
    assert [text for text in sentences if FOREIGN.search(text)] == []
    assert all(text[0].isupper() and text.endswith(".") for text in sentences)


@pytest.mark.parametrize("tag", [256, 257, 258, 259, 262, 277, 278, 284, 317, 339])
def test_no_detail_of_a_tiff_has_a_librarys_words(studio: Studio, tag: int) -> None:
    samples = np.zeros((8, 8, 3), "u1")
    for value in (0, 3, 17, 65535):
        tiff = Tiff(samples, MIN_IS_BLACK if value == 3 else 2, {tag: [value]})
        assert not FOREIGN.search(sentence_of(studio, tiff.encode()))
