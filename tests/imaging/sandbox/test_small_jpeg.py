"""A confined image process does small JPEGs without libvips: it has loaded what that needs."""

from imagemill.imaging.engine.render import render_with_libvips
from imagemill.imaging.engine.small_jpeg.render import render_small_jpeg
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.image_processes import REQUIRED
from imaging.small_jpegs import encode, run, scene
from imaging.studio import LIMITS, Studio


async def test_a_confined_process_does_without_libvips(studio: Studio) -> None:
    data = encode(scene(120, 90))
    (studio.inputs / "in.jpg").write_bytes(data)
    pipeline = Pipeline.model_validate({"outputs": [{"width": 50}]})
    async with Sandbox.open(1, LIMITS, REQUIRED, studio.scratch_dir) as sandbox:
        with (studio.inputs / "in.jpg").open("rb") as file:
            async with sandbox.render(file.fileno(), pipeline) as rendered:
                contents = list(rendered.contents)
    assert contents == run(render_small_jpeg, data, {"width": 50})
    assert contents != run(render_with_libvips, data, {"width": 50})
