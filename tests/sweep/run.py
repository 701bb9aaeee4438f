"""Processes each picture in an image process, and holds the output against Pillow's."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from imagemill.errors import Rejected, ServiceError
from imagemill.imaging.sandbox.sandbox import Sandbox
from imagemill.imaging.spec.pipeline import Pipeline
from imaging.image_processes import read_content
from imaging.studio import LIMITS
from sweep.compare import compare, is_alike
from sweep.exceptions import Exceptions, Verdict
from sweep.reference import Pixels, Reference, Refused, read_reference

PROCESSES = 2
# A photo of 32 megapixels in HEIC takes a busy machine its time.
SWEEP_LIMITS = replace(LIMITS, timeout=timedelta(minutes=5))
PIPELINE = Pipeline.model_validate({"outputs": [{"format": "png", "palette": False}]})


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a picture; `kind` is Pillow's name of its format, if it opens it."""

    name: str
    kind: str
    verdict: Verdict
    detail: str

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}: {self.detail}"


@dataclass
class Report:
    """What came of all pictures; `is_complete` if exceptions that none needs are faults."""

    exceptions: Exceptions
    is_complete: bool
    findings: list[Finding] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Return a line for each fault."""
        lines = [str(one) for one in self._unlike() if self._find_exception(one) is None]
        return lines + [
            f"{pattern}: no such picture needs an exception" for pattern in self._idle()
        ]

    def lines(self, *, with_exceptions: bool) -> Iterator[str]:
        """Yield the summary, then the faults, and before them the exceptions if they are wanted."""
        counts = Counter(one.verdict for one in self.findings)
        foreign = [
            one for one in self._unlike() if self.exceptions.is_foreign(one.kind, one.verdict)
        ]
        excepted = [one for one in self._unlike() if self._find_exception(one) in self._names()]
        faults = self.faults()
        yield (
            f"{len(self.findings)} files: {counts[Verdict.ALIKE]} alike,"
            f" {counts[Verdict.REFUSED]} refused by both, {len(foreign)} in formats not taken,"
            f" {len(excepted)} listed exceptions, {len(faults)} faults"
        )
        if with_exceptions:
            yield from map(str, excepted)
        yield from faults

    def _unlike(self) -> list[Finding]:
        return [one for one in self.findings if one.verdict not in {Verdict.ALIKE, Verdict.REFUSED}]

    def _find_exception(self, one: Finding) -> str | None:
        return self.exceptions.find(one.name, one.kind, one.verdict)

    def _names(self) -> set[str]:
        return set(self.exceptions.all_names())

    def _idle(self) -> list[str]:
        used = {self._find_exception(one) for one in self._unlike()}
        names = self.exceptions.all_names() if self.is_complete else []
        return [name for name in names if name not in used]


async def sweep(
    pictures: Mapping[str, Path], exceptions: Exceptions, *, is_complete: bool
) -> Report:
    """Judge every picture."""
    report = Report(exceptions, is_complete)
    work = iter(pictures.items())
    async with Sandbox.open(PROCESSES, SWEEP_LIMITS) as sandbox:
        await asyncio.gather(*(_work(sandbox, work, report) for _ in range(PROCESSES)))
    report.findings.sort(key=lambda one: one.name)
    return report


async def _work(sandbox: Sandbox, work: Iterator[tuple[str, Path]], report: Report) -> None:
    for name, file in work:
        report.findings.append(await _judge(sandbox, name, file))


async def _judge(sandbox: Sandbox, name: str, file: Path) -> Finding:
    reference: Reference | None = None
    refusal = ""
    try:
        reference = read_reference(file)
    except Refused as error:
        refusal = str(error)
    kind = reference.kind if reference else ""
    try:
        ours = await _render(sandbox, file)
    except Rejected as error:
        verdict = Verdict.ONLY_PILLOW if reference else Verdict.REFUSED
        return Finding(name, kind, verdict, str(error))
    except ServiceError as error:
        return Finding(name, kind, Verdict.LOST, repr(error))
    if reference is None:
        return Finding(name, kind, Verdict.ONLY_IMAGEMILL, refusal)
    return Finding(name, kind, *judge_pixels(ours, reference))


def judge_pixels(ours: Pixels, reference: Reference) -> tuple[Verdict, str]:
    """Return whether a picture is that of the reference, and how far it is from it."""
    theirs = reference.pixels
    if ours.shape != theirs.shape:
        (down, across, _), (height, width, _) = ours.shape, theirs.shape
        return Verdict.DIFFERENT, f"{across}x{down} instead of {width}x{height}"
    difference = compare(ours, theirs)
    is_same = is_alike(difference, reference.kind)
    return Verdict.ALIKE if is_same else Verdict.DIFFERENT, str(difference)


async def _render(sandbox: Sandbox, file: Path) -> Pixels:
    with file.open("rb") as source:
        async with sandbox.render(source.fileno(), PIPELINE) as rendered:
            content = read_content(rendered.contents[0])
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert("RGBA"))
