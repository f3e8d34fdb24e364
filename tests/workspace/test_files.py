"""Files of the workspace are written whole, and nothing is left beside them."""

from __future__ import annotations

import os
from functools import partial

from registry.testing.faults import killed, operations
from registry.workspace import files
from registry.workspace.files import write_bytes


def test_a_killed_write_leaves_nothing_that_the_next_one_does_not_remove(tmp_path):
    file = tmp_path / "후기.yaml"
    write_bytes(file, b"old")
    count = operations(partial(write_bytes, tmp_path / "other", b"new"))
    assert count >= 3
    for at in range(count):
        killed(partial(write_bytes, file, b"new"), at, "after")
        assert file.read_bytes() in (b"old", b"new")
        write_bytes(file, b"old")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "후기.yaml"]


def test_what_a_living_process_writes_stays(tmp_path):
    file = tmp_path / "a"
    ours, theirs = (tmp_path / f"{files._stem(file)}{process}-x" for process in (os.getpid(), 2**22 + 1))
    ours.write_bytes(b"")
    theirs.write_bytes(b"")
    write_bytes(file, b"1")
    assert ours.exists() and not theirs.exists()
