import numpy as np
import pytest
from PIL import Image

from imaging.likeness import ciede2000, ssim
from imaging.studio import gradient, noise


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [  # of the table that Sharma, Wu and Dalal publish with their formula
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_color_differences_are_those_that_were_published(
    one: tuple[float, ...], other: tuple[float, ...], difference: float
) -> None:
    found = ciede2000(np.array(one, float), np.array(other, float))
    assert float(found) == pytest.approx(difference, abs=5e-5)


def test_equal_pictures_are_alike_and_others_are_not() -> None:
    one = gradient(40, 30)
    assert ssim(one, one) == pytest.approx(1)
    assert ssim(one, noise(40, 30)) < 0.3
    assert ssim(one, one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) < 0.9
