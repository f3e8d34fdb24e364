"""Opens a dataset as a process of its own and says what it cost: `python -m tests.hostile.measure ROOT CACHE`."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from registry.content.hashing import hash_tree
from registry.errors import RegistryError
from registry.tables.read import open_table


def main() -> None:
    root, cache = map(Path, sys.argv[1:])
    snapshot = hash_tree(root, vet=None)  # the limits have to hold without it
    told: dict[str, object] = {"error": None}
    begun = time.monotonic()
    try:
        open_table(snapshot.base, snapshot.files, None, cache)
    except RegistryError as error:
        told = {"error": type(error).__name__, "exit": error.exit, "message": str(error), "hint": error.hint}
    told["seconds"] = time.monotonic() - begun
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    told["own"] = int(status["VmHWM"].split()[0]) << 10  # bytes
    told["child"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
