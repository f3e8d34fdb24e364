"""Addressing 20,000 files of 2 KB: our `hash_tree` against a bare read and md5 loop, and against `dvc add`.

python benchmarks/hashing.py
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import best, compare, run

FILES, SIZE = 20_000, 2_048

BARE = """
import hashlib, os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            hashlib.md5(file.read()).hexdigest()
"""
OURS = """
import sys
from pathlib import Path
from registry.content.hashing import hash_tree
print(hash_tree(Path(sys.argv[1])).md5)
"""


def plant(root: Path) -> None:
    """The files, in 200 folders."""
    noise = random.Random(7)
    for index in range(FILES):
        folder = root / f"{index % 200:03}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{index:05}.csv").write_bytes(noise.randbytes(SIZE))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        data = root / "data"
        plant(data)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        run([sys.executable, "-m", "dvc", "init", "-q"], cwd=root)
        ours = best(lambda: run([sys.executable, "-c", OURS, str(data)]), 7)
        bare = best(lambda: run([sys.executable, "-c", BARE, str(data)]), 7)
        dvc = run([sys.executable, "-m", "dvc", "add", "-q", "data"], cwd=root)
        compare(ours, bare, "hash_tree (md5 and sha256, vetted)", "read and md5 loop", "≤ 1.5 × CPU")
        compare(ours, dvc, "hash_tree", "dvc add", "≤ 0.2 × wall")
