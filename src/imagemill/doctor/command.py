"""The command `imagemill doctor`: run the checks, fix if asked to, report."""

import sys

from imagemill.doctor.checks import is_fixable, run_checks
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import exit_status
from imagemill.doctor.fixes import apply_fixes
from imagemill.doctor.report import print_report, to_json
from imagemill.settings import Settings


async def run(settings: Settings, *, fix: bool, deep: bool, as_json: bool) -> int:
    """Print the report and return the exit status, both as they are after the fixes.

    Raises Unavailable when a server becomes unavailable while the fixes are applied.
    """
    async with DoctorContext.open(settings) as context:
        sections = await run_checks(context, deep=deep)
        fixed = None
        if fix and is_fixable(sections):
            fixed = await apply_fixes(context)
            sections = await run_checks(context, deep=deep)
    if as_json:
        sys.stdout.write(to_json(sections, fixed) + "\n")
    else:
        print_report(sections, fixed)
    return exit_status(sections)
