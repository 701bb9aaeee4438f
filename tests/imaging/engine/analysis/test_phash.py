"""The perceptual hash, against ImageHash's and the transform's formula written out."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from imagemill.imaging.engine.analysis.phash import compute_phash
from imagemill.imaging.engine.analysis.pixels import Pixels
from imaging.engine.analysis.samples import hidden, plain, sample
from imaging.studio import Studio, noise


def by_formula(pixels: Pixels) -> str:
    """Return the hash of an opaque 32x32 picture by the DCT-II's matrix."""
    red, green, blue = (
        np.frombuffer(channel, "uint8").reshape(32, 32).astype(float)
        for channel in (pixels.red, pixels.green, pixels.blue)
    )
    matrix = np.cos(np.pi / 32 * np.outer(np.arange(8), np.arange(32) + 0.5))
    waves = matrix @ (0.299 * red + 0.587 * green + 0.114 * blue) @ matrix.T
    return np.packbits(waves > np.median(waves)).tobytes().hex()


def scene() -> Image.Image:
    """Return blots of many sizes: something that is nowhere even and nowhere noise."""
    layers = [noise(side, side).resize((900, 600), Image.Resampling.BICUBIC) for side in (3, 6, 12)]
    return Image.blend(Image.blend(layers[0], layers[1], 0.4), layers[2], 0.2)


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def hashed(studio: Studio, picture: Image.Image, name: str = "in.png") -> str:
    return str(studio.analyze(studio.save(picture, name, quality=60), "phash")["phash"])


def test_the_hash_is_that_of_the_formula() -> None:
    assert compute_phash(sample(32, 32)) == by_formula(sample(32, 32))


def test_the_hash_is_that_of_imagehash() -> None:
    # ImageHash 4.3.2, which rounds lightness to whole numbers
    assert distance(compute_phash(sample(32, 32)) or "", "821b19270e6f576d") <= 1


def test_similar_pictures_have_similar_hashes(studio: Studio) -> None:
    original = hashed(studio, scene())
    assert distance(original, hashed(studio, scene(), "in.jpg")) <= 2
    assert distance(original, hashed(studio, scene().resize((300, 200)))) <= 2
    assert distance(original, hashed(studio, scene().resize((500, 500)))) <= 4
    assert distance(original, hashed(studio, ImageEnhance.Brightness(scene()).enhance(0.8))) <= 4


def test_other_pictures_have_other_hashes(studio: Studio) -> None:
    original = hashed(studio, scene())
    assert distance(original, hashed(studio, scene().transpose(Image.Transpose.ROTATE_180))) > 16
    assert distance(original, hashed(studio, noise(300, 200))) > 16


def test_a_plain_picture_has_no_noise_in_its_hash() -> None:
    assert compute_phash(plain(200, 100, 50)) == "8000000000000000"


def test_invisible_pixels_do_not_change_the_hash() -> None:
    assert compute_phash(hidden(sample(16, 12), 0)) == compute_phash(hidden(sample(16, 12), 255))
    assert compute_phash(hidden(plain(200, 100, 50), 255)) == "8000000000000000"


@pytest.mark.parametrize("name", ["phash", "blurhash"])
def test_a_picture_without_visible_pixels_has_no_hash(studio: Studio, name: str) -> None:
    file = studio.save(Image.new("RGBA", (40, 30), "#ff000000"), "in.png")
    assert studio.analyze(file, name) == {name: None}
