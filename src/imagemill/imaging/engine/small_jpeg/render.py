"""Rendering of a small JPEG without libvips, as far as that can be done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from imagemill.image_files import InputImage
from imagemill.imaging.engine.decode import RESIZE_RESERVE, choose_jpeg_shrink
from imagemill.imaging.engine.decode_plan import choose_format, orient_size, plan_decode
from imagemill.imaging.engine.decoders.libjpeg_turbo import Pixels, decode_pixels
from imagemill.imaging.engine.encode import write
from imagemill.imaging.engine.geometry import Size, crop_size, pad_size, place
from imagemill.imaging.engine.header import UPRIGHT, Header, check_limits
from imagemill.imaging.engine.libvips_errors import translate_encode_errors
from imagemill.imaging.engine.output_groups import can_be_source, group_by_unscaled_picture
from imagemill.imaging.engine.small_jpeg.encode import encode_jpeg, is_plain_jpeg, to_libvips
from imagemill.imaging.engine.small_jpeg.header import STILL, read_header
from imagemill.imaging.engine.small_jpeg.obstacles import find_obstacle_in_pipeline
from imagemill.imaging.engine.small_jpeg.pixels import crop, fill_box, pad, turn
from imagemill.imaging.engine.small_jpeg.scale import IS_INSTALLED, scale
from imagemill.imaging.engine.small_jpeg.verify import verify_jpeg
from imagemill.imaging.engine.verify import ExpectedOutput, verify_output
from imagemill.imaging.file_data import MAX_INLINE_BYTES, Data, write_descriptor
from imagemill.imaging.formats import Format
from imagemill.imaging.limits import Limits
from imagemill.imaging.result import Written, WrittenOutput
from imagemill.imaging.spec.plain import Output, Pipeline

# Of an output: with background, it can be many times as large as its picture.
MAX_OUTPUT_PIXELS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Finished:
    """An output that is ready to be written; `jpeg` is its file, None when libvips encodes it."""

    output: Output
    format: Format
    pixels: Pixels
    jpeg: bytes | None


def render_small_jpeg(
    data: Data, files: Sequence[int], pipeline: Pipeline, limits: Limits
) -> Written | None:
    """Do what `render` does; return None, having written nothing, when libvips has to do it.

    Raises TooLarge or DoesNotFit as `render` does.
    """
    if not IS_INSTALLED or find_obstacle_in_pipeline(pipeline) is not None:
        return None
    header = read_header(data)
    if header is None or any(_keeps_orientation(output, header) for output in pipeline.outputs):
        return None
    check_limits(header, limits)
    factor = plan_decode(header, pipeline, limits).max_shrink / RESIZE_RESERVE
    if any(_compute_size(output, header).pixels > MAX_OUTPUT_PIXELS for output in pipeline.outputs):
        return None
    try:
        decoded = decode_pixels(data, header.stored, choose_jpeg_shrink(factor))
        finished = {
            one.output.name: one
            for group in group_by_unscaled_picture(pipeline.outputs)
            for one in _finish_group(decoded, group, header)
        }
    except Exception:  # noqa: BLE001 - whatever is wrong, libvips finds it, and has the words for it
        return None
    return Written(
        input=InputImage(header.upright.width, header.upright.height, header.frames),
        outputs=tuple(
            _write(finished[output.name], file)
            for output, file in zip(pipeline.outputs, files, strict=True)
        ),
        analysis=None,
    )


def _keeps_orientation(output: Output, header: Header) -> bool:
    """Return whether the output's pixels are not turned upright, but its EXIF says how to."""
    return not output.auto_orient and header.orientation != UPRIGHT


def _compute_size(output: Output, header: Header) -> Size:
    size = crop_size(orient_size(header, output), output)
    return pad_size(place(size, output).box, output)


def _finish_group(decoded: Pixels, outputs: Sequence[Output], header: Header) -> Iterator[Finished]:
    """Turn, crop and scale the outputs, which are one picture until then; the largest first."""
    turned = turn(decoded, outputs[0], header)
    source, size = crop(turned, orient_size(header, outputs[0]), outputs[0])
    placements = {output.name: place(size, output) for output in outputs}
    ordered = sorted(outputs, key=lambda one: placements[one.name].scaled.pixels, reverse=True)
    for output, following in zip(ordered, [*ordered[1:], None], strict=True):
        placement = placements[output.name]
        scaled = scale(source, placement.scaled)
        if following and can_be_source(size, placement.scaled, placements[following.name].scaled):
            source = scaled
        yield _finish(pad(fill_box(scaled, placement, output), output), output, header)


def _finish(pixels: Pixels, output: Output, header: Header) -> Finished:
    """Encode the finished picture, unless libvips does."""
    format_ = choose_format(output, header)
    jpeg = encode_jpeg(pixels, output) if is_plain_jpeg(output, format_) else None
    return Finished(output, format_, pixels, jpeg)


def _write(finished: Finished, file: int) -> WrittenOutput:
    """Write the output, into its file if it is large, and open it again."""
    output, (height, width, _) = finished.output, finished.pixels.shape
    expected = ExpectedOutput(output.name, finished.format, Size(width, height), 1, STILL)
    with translate_encode_errors():
        if finished.jpeg is None:
            image = to_libvips(finished.pixels)
            data = write(image, file, output, finished.format, had_few_colors=False)
            return verify_output(data, expected)
        if len(finished.jpeg) > MAX_INLINE_BYTES:
            write_descriptor(file, finished.jpeg)
    return verify_jpeg(finished.jpeg, expected)
