"""Alembic's environment: runs the revisions on the connection that `upgrade.py` passes in."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script

attributes = context.config.attributes


def note_applied(  # the names of the parameters are Alembic's
    ctx: MigrationContext,  # noqa: ARG001
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001
    run_args: Mapping[str, Any],  # noqa: ARG001
) -> None:
    """Note the name of a migration that was applied, such as `0002_workers`."""
    if isinstance(step.up_revision, Script):
        attributes["applied"].append(Path(step.up_revision.path).stem)


context.configure(connection=attributes["connection"], on_version_apply=note_applied)
with context.begin_transaction():
    context.run_migrations()
