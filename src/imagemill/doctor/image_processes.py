"""How far image processes are shut in here, and which formats a sample proves in one of them."""

from collections.abc import Iterable, Sequence

from imagemill.doctor.findings import Finding, Section, bad, ok, warn
from imagemill.imaging.errors import ImageProcessDidNotStart
from imagemill.imaging.formats import FORMATS, INPUTS, Format, InputName
from imagemill.imaging.limits import Limits
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.sandbox import Capabilities, Confinement, Sandbox
from imagemill.settings import Settings


async def examine(settings: Settings) -> tuple[Section, Section]:
    """Start an image process as a worker would, and ask it."""
    try:
        async with Sandbox.open(
            1, Limits.from_settings(settings), Confinement(settings.sandbox)
        ) as sandbox:
            level, proved = sandbox.level, await sandbox.capabilities()
    except ImageProcessDidNotStart as error:
        advice = "Reinstall imagemill; is CHILD_MEMORY_BYTES enough, and SANDBOX what you mean?"
        return Section("sandbox", (bad("walls", str(error), advice),)), Section("formats", ())
    return Section("sandbox", (walls(level),)), Section("formats", formats(proved))


def walls(level: ConfinementLevel) -> Finding:
    facts = {"level": level.name, "closed": level.active, "lacking": level.missing}
    if level.name == "full":
        return ok("walls", f"Image processes are shut in: {', '.join(level.active)}.", **facts)
    lacking = f" This system lacks {' and '.join(level.missing)}." if level.missing else ""
    return warn(
        "walls",
        f"Image processes are not fully shut in, only by {', '.join(level.active)}.{lacking}",
        "Run workers on Linux 6.12 or later, with SANDBOX=required.",
        **facts,
    )


def formats(proved: Capabilities) -> tuple[Finding, Finding]:
    return (
        _proved("inputs", INPUTS, proved.inputs, "uploads of it are refused"),
        _proved("outputs", FORMATS, proved.outputs, "jobs that ask for it fail"),
    )


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
        "Install imagemill anew with its dependencies, pyvips-binary above all, and extra heic.",
        proved=names,
        lacking=lacking,
    )
