"""A URL names the storage."""

from pathlib import Path

from imagemill.storage.open_storage import open_storage


async def test_a_file_url_names_a_folder_which_is_created(tmp_path: Path) -> None:
    root = tmp_path / "with space and ä"
    async with open_storage(root.as_uri(), 0) as storage:
        await storage.probe()
        assert root.is_dir()


async def test_no_folder_is_created_where_that_is_not_wanted(tmp_path: Path) -> None:
    async with open_storage((tmp_path / "away").as_uri(), 0, create_missing=False):
        pass
    assert not (tmp_path / "away").exists()
