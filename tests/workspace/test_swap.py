"""Old data or new, never half: also where two names cannot be exchanged at once."""

from __future__ import annotations

import pytest

from registry.errors import EnvironmentFailed
from registry.workspace import swap as swapping
from registry.workspace.swap import beside, swap


@pytest.fixture(params=[True, False], ids=["exchange", "two renames"])
def exchange(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(swapping, "_exchanged", lambda one, other: False)


def test_directories_and_files_change_places(tmp_path, exchange):
    target = tmp_path / "리뷰"
    target.mkdir()
    (target / "old").write_text("1")
    with beside(target) as folder:
        (folder / "new").write_text("2")
        swap(folder, target)
        assert [path.name for path in folder.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.rglob("*")] == ["리뷰", "new"]
    file = tmp_path / "a.csv"
    file.write_text("1")
    with beside(file) as folder:
        (folder / "a.csv").write_text("2")
        swap(folder / "a.csv", file)
    assert file.read_text() == "2"


def test_what_a_killed_run_left_is_swept(tmp_path):
    target = tmp_path / "data"
    (tmp_path / ".data.mending" / "deep").mkdir(parents=True)
    with beside(target) as folder:
        assert list(folder.iterdir()) == []
        (folder / "x").write_text("1")
        swap(folder, target)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_full_disk_leaves_the_old_data(tmp_path, monkeypatch):
    target = tmp_path / "data"
    target.mkdir()
    with pytest.raises(EnvironmentFailed, match="No space"), beside(target):
        raise OSError(28, "No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
