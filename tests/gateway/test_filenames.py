import pytest

from imagemill.gateway.filenames import clean_filename, stem


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("cat.jpg", "cat.jpg"),
        ("../../etc/passwd", "passwd"),
        ("../../x", "x"),
        ("C:\\Users\\me\\cat.jpg", "cat.jpg"),
        ("a\x00b\r\nc\x7f.jpg", "abc.jpg"),
        ("  spaced name.png ", "spaced name.png"),
        ("кот.jpg", "кот.jpg"),
        ("", None),
        ("..", None),
        (".", None),
        ("folder/", None),
        ("\x01\x02", None),
        (None, None),
    ],
)
def test_a_filename_is_its_last_segment_without_control_characters(
    sent: str | None, kept: str | None
) -> None:
    assert clean_filename(sent) == kept


def test_a_long_filename_is_cut_between_characters() -> None:
    kept = clean_filename("ж" * 300)
    assert kept == "ж" * 127


@pytest.mark.parametrize(
    ("name", "expected"), [("cat.jpg", "cat"), ("a.b.c", "a.b"), ("cat", "cat"), (".hid", ".hid")]
)
def test_the_stem_of_a_name_lacks_its_last_extension(name: str, expected: str) -> None:
    assert stem(name) == expected
