"""What DVC does where a registry is tested: corruption, a hostile remote, a full disk. A table, made anew.

    python benchmarks/faults.py            # needs DVC; the last row needs root

Each trial runs both, on the same bytes, in places of their own. `served` counts wrong bytes that
were delivered with exit code 0.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from registry.consume.pull import pull
from registry.errors import RegistryError
from registry.model.names import Ref
from registry.stores.local import LocalStore
from registry.testing.releases import make_release

FILES = {f"train/{n:02}.csv": f"id,text\n{n},한국어 문장 {n}\n".encode() * 40 for n in range(12)}
TRIALS = 24
SMALL_DISK = "2m"


def dvc(place: Path, *arguments: str) -> int:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False).returncode


def dvc_remote(root: Path) -> tuple[Path, Path]:
    """A DVC repository that has pushed FILES to a directory, and that directory."""
    place, remote = root / "origin", root / "remote"
    place.mkdir(parents=True)
    write(place / "d", FILES)
    steps = (("init", "-q", "--no-scm"), ("remote", "add", "-d", "r", str(remote)), ("add", "-q", "d"), ("push", "-q"))
    for arguments in steps:
        assert dvc(place, *arguments) == 0, arguments
    return place, remote


def write(folder: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def held(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.csv")} if folder.exists() else {}


def dvc_pull(root: Path, origin: Path, remote: Path, verify: bool) -> str:
    """What a fresh consumer gets."""
    place = root / "consumer"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    dvc(place, "init", "-q", "--no-scm")
    dvc(place, "remote", "add", "-d", "r", str(remote))
    if verify:
        dvc(place, "remote", "modify", "r", "verify", "true")
    shutil.copyfile(origin / "d.dvc", place / "d.dvc")
    code = dvc(place, "pull", "-q")
    return told(code == 0, held(place / "d"))


def our_pull(root: Path, store: LocalStore) -> str:
    target = Path(tempfile.mkdtemp(dir=root)) / "pulled"  # a fresh place: what was verified before is kept beside it
    try:
        pull(store, Ref.parse("d@1.0"), target)
    except RegistryError:
        return told(False, held(target))
    return told(True, held(target))


def told(success: bool, found: dict[str, bytes]) -> str:
    if success:
        return "whole" if found == FILES else "served"
    wrong = any(FILES.get(path) != data for path, data in found.items())
    return "refused, wrong bytes left" if wrong else "refused"


def damage(file: Path, dice: random.Random) -> None:
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    kind = dice.choice(("flip", "truncate", "empty", "replace"))
    if kind == "flip":
        data[dice.randrange(len(data))] ^= 1
    elif kind == "replace":
        data = bytearray(b"id,text\n1,other\n")
    file.write_bytes(bytes(data[: len(data) // 2] if kind == "truncate" else b"" if kind == "empty" else data))


def corruption(root: Path, verify: bool) -> tuple[Counter[str], Counter[str]]:
    """One data object of the store, damaged in one of four ways."""
    origin, remote = dvc_remote(root)
    store = LocalStore(root / "store")
    make_release(store, "d", "1.0", FILES)
    theirs, ours = Counter[str](), Counter[str]()
    for number in range(TRIALS):
        dice = random.Random(number)
        path = dice.choice(sorted(FILES))
        md5 = hashlib.md5(FILES[path], usedforsecurity=False).hexdigest()
        file = remote / "files/md5" / md5[:2] / md5[2:]
        whole = file.read_bytes()
        damage(file, dice)
        theirs[dvc_pull(root, origin, remote, verify)] += 1
        file.write_bytes(whole)
        place = store.root / f"files/md5/{md5[:2]}/{md5[2:]}"
        damage(place, random.Random(number))
        ours[our_pull(root, store)] += 1
        place.chmod(0o644)
        place.write_bytes(whole)
    return theirs, ours


def hostile(root: Path, verify: bool) -> tuple[str, str]:
    """The listing of a directory names a path outside of it."""
    origin, remote = dvc_remote(root)
    [listing] = (remote / "files/md5").rglob("*.dir")
    entries = json.loads(listing.read_bytes())
    entries[0]["relpath"] = "../../escaped.csv"
    listing.chmod(0o644)
    listing.write_text(json.dumps(entries), "utf-8")
    dvc_pull(root, origin, remote, verify)
    theirs = "written outside" if (root / "escaped.csv").exists() else "refused"
    (root / "escaped.csv").unlink(missing_ok=True)
    store = LocalStore(root / "store")
    make_release(store, "d", "1.0", FILES)
    [place] = (store.root / "files/md5").rglob("*.dir")
    place.write_text(json.dumps(entries), "utf-8")
    answer = our_pull(root, store)
    return theirs, "written outside" if (root / "escaped.csv").exists() else answer


def full_disk(root: Path) -> tuple[str, str]:
    """`dvc add` and our write of a pointer's kind, where the disk fills up half-way."""
    disk = root / "disk"
    disk.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(disk)], check=False).returncode:
        return "not tried: needs root", "not tried: needs root"
    try:
        place = disk / "dvc"
        place.mkdir()
        dvc(place, "init", "-q", "--no-scm")
        write(place / "d", {f"{n}.csv": os.urandom(600).hex().encode() * 160 for n in range(6)})
        code = dvc(place, "add", "-q", "d")
        stub = place / "d.dvc"
        left = f"a pointer of {stub.stat().st_size} bytes" if stub.exists() else "no pointer"
        theirs = f"exit {code}, {left}, {len(list(disk.rglob('*.tmp')))} temporary files"
        shutil.rmtree(place)
        store = LocalStore(disk / "store")
        files = {f"{n}.csv": os.urandom(600).hex().encode() * 320 for n in range(6)}
        try:
            make_release(store, "d", "1.0", files)
            ours = "exit 0"
        except RegistryError as error:
            left = "a release" if list(store.list("releases/")) else "no release"
            ours = f"exit {error.exit}, {left}, {len(list(store.list('.tmp/')))} temporary files"
        return theirs, ours
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def said(found: Counter[str] | str) -> str:
    return found if isinstance(found, str) else ", ".join(f"{word}: {count}" for word, count in sorted(found.items()))


def main() -> None:
    rows: list[tuple[str, Callable[[Path], tuple[Counter[str] | str, Counter[str] | str]]]] = [
        (f"{TRIALS} damaged objects", lambda root: corruption(root, verify=False)),
        (f"{TRIALS} damaged objects, DVC with `verify = true`", lambda root: corruption(root, verify=True)),
        ("a listing that leads outside", lambda root: hostile(root, verify=False)),
        ("a listing that leads outside, DVC with `verify = true`", lambda root: hostile(root, verify=True)),
        ("a full disk while data is added", full_disk),
    ]
    print("| Trial | DVC | registry |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for number, (what, trial) in enumerate(rows):
            theirs, ours = trial(Path(folder) / str(number))
            print(f"| {what} | {said(theirs)} | {said(ours)} |", flush=True)


if __name__ == "__main__":
    main()
