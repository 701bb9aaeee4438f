"""Which formats a sample proves to work here, decoded to its last pixel."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from imagemill.doctor.findings import Finding, ok, warn
from imagemill.imaging.errors import ChildDidNotStart
from imagemill.imaging.formats import FORMATS, INPUTS, Format, InputName
from imagemill.imaging.rendered import Limits
from imagemill.imaging.sandbox import Sandbox
from imagemill.settings import Settings


async def examine(settings: Settings) -> list[Finding]:
    limits = Limits(
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
        timeout=timedelta(seconds=settings.job_timeout_seconds),
        memory_bytes=settings.child_memory_bytes,
    )
    try:
        async with Sandbox.open(1, limits) as sandbox:
            proved = await sandbox.capabilities()
    except ChildDidNotStart:
        return []  # the examination of the sandbox says so
    return [
        _proved("inputs", INPUTS, proved.inputs, "uploads of it are refused"),
        _proved("outputs", FORMATS, proved.outputs, "jobs that ask for it fail"),
    ]


def _proved(
    subject: str, known: Iterable[InputName], formats: Sequence[Format], otherwise: str
) -> Finding:
    names = [format_.name for format_ in formats]
    lacking = [name for name in known if name not in names]
    if not lacking:
        return ok(subject, f"A sample proved each of {', '.join(names)}.", proved=names)
    return warn(
        subject,
        f"No sample proved {', '.join(lacking)} here: {otherwise}.",
        "Install imagemill anew with its dependencies, pyvips-binary above all, and the extra heic.",
        proved=names,
        lacking=lacking,
    )
