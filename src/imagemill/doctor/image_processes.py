"""Checks of an image process: how far it is confined, and which formats it supports."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from imagemill.doctor.findings import Finding, Section, bad, ok, warn
from imagemill.imaging.errors import ImageProcessDidNotStart
from imagemill.imaging.formats import FORMATS, INPUTS, Format, InputName
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.sandbox import Capabilities, Confinement, Sandbox
from imagemill.imaging.spec.fonts import FontError, check_fonts
from imagemill.settings import Settings


async def check(settings: Settings) -> tuple[Section, Section]:
    """Start an image process as a worker does, and check its confinement and formats."""
    try:
        async with Sandbox.open(
            1, Limits.from_settings(settings), Confinement(settings.sandbox)
        ) as sandbox:
            level, supported = sandbox.level, await sandbox.capabilities()
    except ImageProcessDidNotStart as error:
        advice = "Is CHILD_MEMORY_BYTES large enough, and SANDBOX right? Else reinstall imagemill."
        return Section("sandbox", (bad("confinement", str(error), advice),)), Section("formats", ())
    return Section("sandbox", (check_confinement(level),)), Section(
        "formats", (*check_formats(supported), check_watermark_fonts(settings.assets_dir))
    )


def check_confinement(level: ConfinementLevel) -> Finding:
    facts = {"level": level.name, "active": level.active, "missing": level.missing}
    if level.name == "full":
        return ok(
            "confinement", f"Image processes are confined: {', '.join(level.active)}.", **facts
        )
    missing = f" This system lacks {' and '.join(level.missing)}." if level.missing else ""
    return warn(
        "confinement",
        f"Image processes are only partly confined, by {', '.join(level.active)}.{missing}",
        "Run workers on Linux 6.12 or later, with SANDBOX=required.",
        **facts,
    )


def _advise(missing: Sequence[InputName]) -> str:
    extras = sorted({extra for name in missing if (extra := INPUTS[name].extra)})
    with_extras = f", with the extras {', '.join(extras)}" if extras else ""
    return f"Reinstall imagemill with its dependencies, pyvips-binary above all{with_extras}."


def check_formats(supported: Capabilities) -> tuple[Finding, Finding]:
    return (
        _check_probes("inputs", INPUTS, supported.inputs, "uploads of these formats are rejected"),
        _check_probes(
            "outputs", FORMATS, supported.outputs, "jobs that ask for these formats fail"
        ),
    )


def check_watermark_fonts(folder: Path | None) -> Finding:
    try:
        names = ["Noto Sans", *check_fonts(folder)]
    except FontError as error:
        return bad("fonts", f"A watermark cannot be drawn: {error}.", "Replace or remove the file.")
    return ok("fonts", f"Watermarks are drawn with {', '.join(names)}.", fonts=names)


def _check_probes(
    subject: str, known: Iterable[InputName], supported: Sequence[Format], consequence: str
) -> Finding:
    names = [format_.name for format_ in supported]
    missing = [name for name in known if name not in names]
    if not missing:
        return ok(subject, f"Supported, as samples show: {', '.join(names)}.", supported=names)
    return warn(
        subject,
        f"Not supported here, as samples show: {', '.join(missing)}; {consequence}.",
        _advise(missing),
        supported=names,
        missing=missing,
    )
