"""Somebody edits the data while it is added, checked and released: what is released is what was judged."""

from __future__ import annotations

import gc
import json
import os
import random
import threading
import time

import pytest

from registry.consume.resolve import find_released
from registry.consume.verify import verify_release
from registry.errors import InternalError, RegistryError
from registry.judge.judge import JudgeOptions
from registry.model.names import Ref, Version
from registry.release.release import ReleaseOptions
from registry.release.release import release as release_dataset
from registry.stewardship.fsck import FsckOptions, fsck
from registry.stores.layout import read_files, read_object, versions
from registry.workspace.workspace import Workspace
from tests.crash.scenarios import SOAK, prepared
from tests.crash.workspaces import DATA, WHOLE, add, shell, team
from tests.journeys.harness import rows, write_csv

pytestmark = pytest.mark.slow
RELEASES = 100 if SOAK else 10  # attempts


class Mutator(threading.Thread):
    """Rewrites, appends to, truncates, replaces and touches the data, a little at a time, until stopped."""

    def __init__(self, folder, seed):
        super().__init__(daemon=True)
        self.folder, self.dice, self.stopped, self.edits = folder, random.Random(seed), threading.Event(), 0

    def run(self):
        time.sleep(self.dice.random() * 0.4)  # another moment of the work each time
        while not self.stopped.is_set():
            file = self.folder / self.dice.choice(("train.csv", "validation.csv", "test.csv"))
            getattr(self, self.dice.choice(("append", "flip", "swap", "restore")))(file)
            self.edits += 1
            self.stopped.wait(self.dice.random() * 0.2)

    def append(self, file):
        with file.open("a", encoding="utf-8") as out:
            out.write(f"x{self.edits},더한 줄 {self.dice.random()},neg,1\n")

    def flip(self, file):
        """One byte of a text, with the times and the size of before: as sly as an edit can be."""
        known = file.stat()
        data = bytearray(file.read_bytes())
        at = data.rfind(b"service") + 2
        data[at] ^= 1
        with file.open("r+b") as out:
            out.write(data)
        os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))

    def swap(self, file):
        """Another file under the same name."""
        beside = file.with_name(".beside")
        write_csv(beside, rows(file.stem, 25, self.dice.randrange(1000)))
        beside.replace(file)

    def restore(self, file):
        write_csv(file, rows(file.stem, 40 if file.stem == "train" else 20))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join()


def attempt(place):
    """Adds, commits and releases; True where that came to a release."""
    workspace = Workspace.find(team(place))
    try:
        add(place)
        shell(place).git("commit", "-q", "-a", "--allow-empty", "-m", "Data")
        settings = ReleaseOptions(judge=JudgeOptions(store=place.store))
        return release_dataset(workspace, workspace.dataset("reviews"), "auto", place.store, settings)
    except InternalError:
        raise
    except RegistryError as error:
        assert error.exit in (1, 4), repr(error)
        return None


def look(place, name, version):
    """What was released is what its evidence judged, and is whole."""
    found = find_released(place.store, name, version)
    files = read_files(place.store, found.manifest)
    evidence = json.loads(read_object(place.store, found.manifest.evidence))
    assert evidence["verdict"] == "pass" and evidence["data"]["sha256"] == files.sha256
    assert evidence["data"]["files"] == len(files) and evidence["data"]["bytes"] == files.bytes
    for entry in files:
        data = place.store.read(entry.key)
        assert len(data) == entry.size
    assert verify_release(place.store, Ref(name, str(version))).ok


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # DVC leaves a listing unclosed
def test_nothing_is_released_that_was_not_judged(tmp_path, record_property):
    place = prepared(WHOLE["add"], tmp_path / "start")
    folder = team(place) / DATA
    released, edits, number = 0, 0, 0
    while number < RELEASES or (edits <= RELEASES and number < 10 * RELEASES):  # a fast machine leaves fewer moments
        with Mutator(folder, number) as mutator:
            released += attempt(place) is not None
        edits += mutator.edits
        if number % 3 == 2:  # a quiet moment
            write_csv(folder / "train.csv", rows("train", 41 + number))
            for split in ("validation", "test"):
                write_csv(folder / f"{split}.csv", rows(split, 20))
            assert attempt(place) is not None
        number += 1
    known = versions(place.store, "reviews")
    for version in known:
        look(place, "reviews", version)
    assert Version(1) in known and len(known) > RELEASES // 3
    assert fsck(place.store, FsckOptions("data")).ok and edits > RELEASES
    gc.collect()  # what DVC left is closed here, where it is expected
    record_property("releases under edits", number)
