"""The table of formats: recognition by first bytes, and that nothing else lists formats."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import imagemill
from imagemill.imaging.engine import encoders
from imagemill.imaging.formats import (
    AVIF,
    FORMATS,
    HEIC,
    INPUTS,
    JXL,
    SNIFF_BYTES,
    TIFF,
    FormatName,
    sniff,
)
from imaging.studio import Studio, gradient


@pytest.mark.parametrize("name", list(INPUTS))
def test_a_file_is_known_by_its_first_bytes(studio: Studio, name: str) -> None:
    head = studio.save(gradient(8, 8), f"picture.{name}").read_bytes()[:SNIFF_BYTES]
    assert sniff(head) is INPUTS[name]  # type: ignore[index]  # parametrized with its own keys


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a",
        b"\x89PNG\n\n\x1a\n",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFF",
        b"GIF88a",
        b"II*",
        b"MM*\x00",
        b"BM",
        b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1miaf",
        b"\x00\x00\x00\x10ftypmif1\x00\x00\x00\x00avif",
        b"\x00\x00\x00\x14ftypmif1avif\x00\x00\x00\x00",
        b"<svg xmlns=",
        b" \xff\xd8\xff",
    ],
)
def test_other_signatures_are_no_format(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00miafavif",
        b"\x00\x00\x00\x10ftypavis\x00\x00\x00\x00",
    ],
)
def test_the_brand_of_an_avif_may_stand_anywhere_in_its_list(head: bytes) -> None:
    assert sniff(head) is AVIF


@pytest.mark.parametrize("major", [b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"])
def test_the_brand_of_a_heic_may_stand_anywhere_in_its_list(major: bytes) -> None:
    assert sniff(b"\x00\x00\x00\x18ftyp" + major + b"\x00\x00\x00\x00mif1heic") is HEIC


def test_a_file_with_brands_of_avif_and_heic_is_an_avif() -> None:
    assert sniff(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicavif") is AVIF


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_a_tiff_has_either_byte_order_and_either_size_of_offsets(head: bytes) -> None:
    assert sniff(head) is TIFF


@pytest.mark.parametrize("head", [b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"])
def test_a_jpeg_xl_is_a_bare_codestream_or_a_container(head: bytes) -> None:
    assert sniff(head) is JXL


def test_every_format_that_is_written_has_one_encoder() -> None:
    assert encoders.__file__ is not None
    modules = {file.stem for file in Path(encoders.__file__).parent.glob("*.py")}
    assert modules - {"__init__"} == set(FORMATS) == set(encoders.ENCODERS)


def test_every_row_stands_under_its_name() -> None:
    assert set(FORMATS) == set(get_args(FormatName))
    assert all(INPUTS[name].name == name for name in INPUTS)


def test_every_format_is_recognized_in_one_way() -> None:
    assert all((row.signature is None) == bool(row.brands) for row in INPUTS.values())


def listed_formats(file: Path) -> Iterator[str]:
    """Yield where a module has a set, list, tuple or dict of more than one format."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Set(elts=items) | ast.List(elts=items) | ast.Tuple(elts=items):
                pass
            case ast.Dict(keys=items):
                pass
            case _:
                continue
        strings = [item.value for item in items if isinstance(item, ast.Constant)]
        rows = [
            item.id.lower() for item in items if isinstance(item, ast.Name) and item.id.isupper()
        ]
        if sum(name in INPUTS for name in [*strings, *rows]) > 1:
            yield f"{file.name}:{node.lineno}"


def test_no_other_module_lists_formats() -> None:
    package = Path(imagemill.__file__).parent
    examples = package / "gateway" / "openapi" / "examples.py"
    types_of_clients = package / "client" / "pipeline.py"  # held to ours by tests/client
    own = {package / "imaging" / "formats.py", examples, types_of_clients}
    files = set(package.rglob("*.py")) - own
    assert [place for file in files for place in listed_formats(file)] == []
