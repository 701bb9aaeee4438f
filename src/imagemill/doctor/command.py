"""The command `imagemill doctor`: mend if that is asked for, examine, report."""

import sys

from imagemill.doctor.checks import examine, is_mendable
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import exit_status
from imagemill.doctor.fixes import apply_fixes
from imagemill.doctor.report import as_json as to_json
from imagemill.doctor.report import show
from imagemill.settings import Settings


async def run(settings: Settings, *, fix: bool, deep: bool, as_json: bool) -> int:
    """Print the report and return the exit status: that of the mill as it is afterwards.

    Raises Unavailable when a server goes away in the middle of mending.
    """
    async with DoctorContext.open(settings) as context:
        sections = await examine(context, deep=deep)
        mended = None
        if fix and is_mendable(sections):
            mended = await apply_fixes(context)
            sections = await examine(context, deep=deep)
    if as_json:
        sys.stdout.write(to_json(sections, mended) + "\n")
    else:
        show(sections, mended)
    return exit_status(sections)
