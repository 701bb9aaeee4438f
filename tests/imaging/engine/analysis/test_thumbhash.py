"""ThumbHash, against hashes of the Rust reference and a decoder from the published one."""

from base64 import b64decode
from math import pi

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imagemill.imaging.engine.analysis.thumbhash import compute_thumbhash
from imaging.engine.analysis.samples import hidden, plain, sample
from imaging.studio import Studio, gradient, pixels


def decoded(text: str, width: int, height: int) -> NDArray[np.float64]:
    """Return red, green, blue and alpha as `thumbHashToRGBA` of evanw/thumbhash does.

    Without its little extra of saturation, which is for the eye.
    """
    data = b64decode(text)
    head, shape = int.from_bytes(data[:3], "little"), int.from_bytes(data[3:5], "little")
    has_alpha, is_landscape = head >> 23, shape >> 15
    longer, shorter = 5 if has_alpha else 7, shape & 7
    across, down = (longer, shorter) if is_landscape else (shorter, longer)
    nibbles = iter([n for byte in data[6 if has_alpha else 5 :] for n in (byte & 15, byte >> 4)])

    def channel(mean: float, scale: float, nx: int, ny: int) -> NDArray[np.float64]:
        plane = np.full((height, width), mean)
        xs, ys = np.arange(width) + 0.5, np.arange(height) + 0.5
        for cy in range(ny):
            for cx in range(0 if cy else 1, nx):
                if cx * ny < nx * (ny - cy):
                    level = (next(nibbles) / 7.5 - 1) * scale
                    wave = np.outer(np.cos(pi / height * ys * cy), np.cos(pi / width * xs * cx))
                    plane += level * 2 * wave
        return plane

    light = channel((head & 63) / 63, (head >> 18 & 31) / 31, max(3, across), max(3, down))
    p = channel((head >> 6 & 63) / 31.5 - 1, (shape >> 3 & 63) / 63, 3, 3)
    q = channel((head >> 12 & 63) / 31.5 - 1, (shape >> 9 & 63) / 63, 3, 3)
    opacity = np.ones_like(light)
    if has_alpha:
        opacity = channel((data[5] & 15) / 15, (data[5] >> 4) / 15, 5, 5)
    blue = light - 2 / 3 * p
    red = (3 * light - blue + q) / 2
    return np.stack([red, red - q, blue, opacity], -1).clip(0, 1) * 255


@pytest.mark.parametrize(
    ("width", "height", "is_faint", "expected"),
    [
        (30, 20, False, "2ugFLYggQmgxp1iDWTd5l65fu9X6"),
        (20, 30, False, "2vgFLQgAZEB6Oqc2WXVniJ9em/DV"),
        (32, 32, False, "nOgFHwQwIWZBhnhTl0mXR3iU5v3YutsP"),
        (30, 20, True, "nPiFK4Y8YndAuXGLb9zW+kBlmneIiXg="),
    ],
)
def test_hashes_are_those_of_the_rust_reference(
    width: int, height: int, *, is_faint: bool, expected: str
) -> None:
    # fast-thumbhash 1.0.0, which wraps it
    assert compute_thumbhash(sample(width, height, is_faint=is_faint)) == expected


def test_a_picture_shows_through_its_hash(studio: Studio) -> None:
    picture = gradient(400, 300)
    found = studio.analyze(studio.save(picture, "in.png"), "thumbhash")
    shown = decoded(found["thumbhash"], 32, 24)[..., :3]
    assert np.abs(shown - pixels(picture.resize((32, 24)))).mean() < 10


def test_transparency_shows_through_and_hides_its_colors(studio: Studio) -> None:
    picture = Image.new("RGBA", (400, 300), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 200, 300))
    found = studio.analyze(studio.save(picture, "in.png"), "thumbhash")
    shown = decoded(found["thumbhash"], 32, 24)
    assert shown[12, 4, 3] > 230
    assert shown[12, 28, 3] < 25
    assert np.abs(shown[..., :3] - [0, 0, 255]).max() < 12
    assert compute_thumbhash(hidden(sample(16, 12), 0)) == compute_thumbhash(
        hidden(sample(16, 12), 255)
    )


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (64, 1), (1, 64), (1, 1)])
def test_every_ratio_has_a_hash(size: tuple[int, int]) -> None:
    data = b64decode(compute_thumbhash(sample(*size)))
    assert bool(data[4] & 128) == (size[0] > size[1])


def test_a_plain_picture_has_its_color_and_no_noise() -> None:
    found = compute_thumbhash(plain(200, 100, 50))
    assert np.abs(decoded(found, 4, 3)[..., :3] - [200, 100, 50]).max() < 8  # 6 bits a channel
    assert set(b64decode(found)[5:]) == {0}
