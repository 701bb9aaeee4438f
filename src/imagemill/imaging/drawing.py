"""Drawing of the demo's default picture: the sun over the sea at evening."""

from pathlib import Path
from typing import Final

from imagemill.imaging.libvips import Image

WIDTH: Final = 2400
HEIGHT: Final = 1600
HORIZON: Final = 980
SUN_X: Final = 1560
SUN_Y: Final = 760
SUN_RADIUS: Final = 105

ZENITH: Final = (38, 44, 92)
DUSK: Final = (222, 108, 104)
GLOW: Final = (255, 200, 124)
SUNLIGHT: Final = (255, 246, 220)
DEEP: Final = (16, 34, 68)

# From far to near: height above the horizon, swing, length of a swing in pixels, colour.
RIDGES: Final = (
    (88, 46, 760, (160, 92, 114)),
    (52, 34, 530, (108, 68, 102)),
    (18, 22, 390, (62, 46, 84)),
)


def draw_picture(path: Path) -> None:
    """Write a JPEG of 2400x1600 pixels, the same one every time."""
    grid = Image.xyz(WIDTH, HEIGHT)
    x, y = grid[0], grid[1]
    scene = _draw_sky(x, y)
    for height, swing, length, color in RIDGES:
        top = HORIZON - height - _wave(x, length) * swing - _wave(x, length / 2.7) * swing / 3
        scene = _mix(scene, color, _ramp(y - top, 0, 2))
    scene = (y >= HORIZON).ifthenelse(_draw_sea(x, y), scene)
    scene.cast("uchar").copy(interpretation="srgb").jpegsave(str(path), Q=90)


def _draw_sky(x: Image, y: Image) -> Image:
    from_sun = ((x - SUN_X) ** 2 + (y - SUN_Y) ** 2) ** 0.5
    sky = _mix(ZENITH, DUSK, _ramp(y, 0, HORIZON * 0.85))
    sky = _mix(sky, GLOW, (from_sun / -380).exp())
    return _mix(sky, SUNLIGHT, _ramp(SUN_RADIUS - from_sun, 0, 3))


def _draw_sea(x: Image, y: Image) -> Image:
    """Reflect the sky, darker with depth, and lay the sun's path on crests that near the viewer."""
    depth = y - HORIZON + 6
    crests = _wave(depth.log() * 900 + x / 14 + _wave(x, 610) * 24, 46) * 0.5 + 0.5
    ripples = _wave(depth.log() * 2100 - x / 9, 61) * 0.5 + 0.5
    sea = _mix(DUSK, DEEP, _ramp(depth, -260, 420))
    sea = _mix(sea, (92, 84, 132), crests * ripples * 0.45)
    path = (((x - SUN_X) / (depth * 0.42 + 70)) ** 2 * -1).exp()
    return _mix(sea, GLOW, path * (crests * 0.55 + ripples * crests * 0.45))


def _wave(along: Image, length: float) -> Image:
    return (along * (360 / length)).sin()


def _ramp(value: Image, low: float, high: float) -> Image:
    """Return how far the value is on the way from low to high, 0 to 1."""
    share = (value - low) / (high - low)
    return (share < 0).ifthenelse(0, (share > 1).ifthenelse(1, share))


def _mix(under: Image, over: Image, share: Image) -> Image:
    """Return `under` where the share is 0, `over` where it is 1; each a picture or a colour."""
    return share * over + (share * -1 + 1) * under
