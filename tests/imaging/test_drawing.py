from pathlib import Path

from imagemill.imaging.drawing import draw_picture
from imaging.studio import open_picture


def test_the_demo_picture_is_the_same_every_time(tmp_path: Path) -> None:
    draw_picture(tmp_path / "one.jpg")
    draw_picture(tmp_path / "two.jpg")
    assert open_picture(tmp_path / "one.jpg").size == (2400, 1600)
    assert (tmp_path / "one.jpg").read_bytes() == (tmp_path / "two.jpg").read_bytes()
