"""Folders on which an embedded PostgreSQL has run before: a test need not wait for initdb."""

from pathlib import Path

import pytest

from support.postgres_template import copy_template


@pytest.fixture
def postgres_folder(postgres_template: Path, tmp_path: Path) -> Path:
    """The folder of a PostgreSQL that has run before."""
    copy_template(postgres_template, tmp_path)
    return tmp_path


@pytest.fixture
def up_folder(postgres_template: Path, tmp_path: Path) -> Path:
    """A folder whose `data` is that of an `imagemill up` that has run before."""
    copy_template(postgres_template, tmp_path / "data" / "postgres")
    return tmp_path
