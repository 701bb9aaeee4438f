"""gAMA and cHRM of a PNG: what they mean, when they count, and when they are not believed."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from imagemill.imaging.color.profiles import get_profile
from imagemill.imaging.color.space_tags import get_tag
from imagemill.imaging.engine.header import open_image
from imaging.colors import by_its_profile
from imaging.light import converted
from imaging.spaces import ADOBE, P3, SRGB, Space
from imaging.studio import Studio, pixels
from imaging.tagged import PALETTE, Chunk, chrm, gama, iccp, read_chunks, save_png, solid

COLOR = (150, 140, 100)
IS_SRGB: Chunk = (b"sRGB", b"\0")


def level(share: float) -> float:
    return float(SRGB.coded(np.array(share)) * 255)


@pytest.mark.parametrize("units", [100_000, 45_000, 55_556, 35_714, 50_000])
def test_gama_is_the_curve(studio: Studio, units: int) -> None:
    file = save_png(studio.inputs / "in.png", solid(128, 128, 128), gama(units))
    made = pixels(studio.make(file, format="png"))[5, 5]
    # A gamma near to sRGB's counts as sRGB's curve, which 2.2222 is half a level from here.
    assert np.abs(made - level((128 / 255) ** (100_000 / units))).max() <= 1.5


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("alpha", [(), (128,)])
def test_gama_of_gray(studio: Studio, bits: int, alpha: tuple[int, ...]) -> None:
    scale = 257 if bits == 16 else 1
    color = [number * scale for number in (64, *alpha)]
    file = save_png(studio.inputs / "in.png", solid(*color, deep=bits == 16), gama(100_000))
    made = pixels(studio.make(file, format="png"), "RGBA")[5, 5]
    assert np.abs(made - [*[level(64 / 255)] * 3, *(alpha or (255,))]).max() <= 1.5


def test_gama_and_chrm_of_a_palette_with_transparency(studio: Studio) -> None:
    space = replace(P3, gamma=1.8)
    chunks = gama(55_556), chrm(space), (b"PLTE", bytes(COLOR)), (b"tRNS", b"\x40")
    file = save_png(studio.inputs / "in.png", np.zeros((8, 8, 1), "uint8"), *chunks, kind=PALETTE)
    made = pixels(studio.make(file, format="png"), "RGBA")[5, 5]
    assert np.abs(made - [*converted(np.array(COLOR) / 255, space), 64]).max() <= 1.5


@pytest.mark.parametrize("space", [replace(P3, gamma=1.8), replace(ADOBE, gamma=2.8)])
def test_gama_and_chrm_together(studio: Studio, space: Space) -> None:
    chunks = gama(round(100_000 / (space.gamma or 1))), chrm(space)
    file = save_png(studio.inputs / "in.png", solid(*COLOR), *chunks)
    made = pixels(studio.make(file, format="png"))[5, 5]
    assert np.abs(made - converted(np.array(COLOR) / 255, space)).max() <= 1.5


def test_chrm_alone_has_the_curve_of_srgb(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR), chrm(P3))
    made = pixels(studio.make(file, format="png"))[5, 5]
    assert np.abs(made - converted(np.array(COLOR) / 255, P3)).max() <= 1


def test_another_white_is_adapted(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(200, 200, 200), chrm(SRGB, (0.3457, 0.3585)))
    assert np.abs(pixels(studio.make(file, format="png"))[5, 5] - 200).max() <= 1


@pytest.mark.parametrize("before", [IS_SRGB, iccp(SRGB.profile())])
def test_srgb_and_a_profile_count_before_gama(studio: Studio, before: Chunk) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR), before, gama(100_000), chrm(P3))
    assert np.abs(pixels(studio.make(file, format="png"))[5, 5] - COLOR).max() <= 1


def test_gama_counts_where_the_profile_is_broken(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(128, 128, 128), iccp(b"junk"), gama(100_000))
    assert np.abs(pixels(studio.make(file, format="png"))[5, 5] - 188).max() <= 1


@pytest.mark.parametrize(
    "chunks",
    [
        (gama(45_455), chrm(SRGB)),
        (gama(45_454),),
        (chrm(SRGB),),
        (IS_SRGB, gama(45_455), chrm(SRGB)),
        (gama(0),),
        (gama(1),),
        (gama(2**32 - 1),),
        ((b"gAMA", b"\0\1"),),
        ((b"cHRM", bytes(32)),),
        ((b"cHRM", b"\xff" * 32),),
        ((b"cHRM", struct.pack(">8I", *[31270, 32900] * 4)),),
        (chrm(SRGB, (0.8, 0.1)),),
    ],
)
def test_what_means_srgb_or_is_impossible_costs_nothing(
    studio: Studio, chunks: tuple[Chunk, ...]
) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR), *chunks)
    _, image = open_image(file.read_bytes())
    assert (get_tag(image), get_profile(image)) == (None, None)
    assert pixels(studio.make(file, format="png"))[5, 5].tolist() == list(COLOR)


def test_a_chunk_with_a_wrong_checksum_is_not_believed(studio: Studio) -> None:
    file = save_png(studio.inputs / "in.png", solid(*COLOR), gama(100_000))
    file.write_bytes(file.read_bytes().replace(gama(100_000)[1], gama(55_556)[1]))
    assert pixels(studio.make(file, format="png"))[5, 5].tolist() == list(COLOR)


def test_keep_keeps_the_chunks_and_embeds_a_profile_that_means_the_same(studio: Studio) -> None:
    chunks = gama(55_556), chrm(P3)
    file = save_png(studio.inputs / "in.png", solid(*COLOR), *chunks)
    meant = pixels(studio.make(file, format="png"))[5, 5]
    kept = studio.make(file, name="kept", format="png", color_space="keep")
    assert pixels(kept)[5, 5].tolist() == list(COLOR)
    assert np.abs(pixels(by_its_profile(kept))[5, 5] - meant).max() <= 1
    written = read_chunks(studio.outputs / "kept.png")
    assert (written[b"gAMA"], written[b"cHRM"]) == (chunks[0][1], chunks[1][1])


def test_xmp_and_a_tag_are_both_kept(studio: Studio) -> None:
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta/>"
    file = save_png(studio.inputs / "in.png", solid(*COLOR), gama(100_000), (b"iTXt", xmp))
    studio.make(file, format="png", color_space="keep", keep_metadata="all")
    written = read_chunks(studio.outputs / "image.png")
    assert written[b"gAMA"] == gama(100_000)[1]
    assert b"<x:xmpmeta/>" in written[b"iTXt"]
