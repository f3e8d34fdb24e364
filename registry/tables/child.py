"""The process apart: reads the files of one job under limits that it sets itself first.

    echo JOB | python -m registry.tables.child '{"memory": …, "seconds": …, "written": …}'

What it says are lines of JSON: `{"begin": path}` before each file, at last `{"done": true}`,
`{"error": …}` or `{"reached": "memory" | "written" | "depth"}`.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from registry.errors import RegistryError
from registry.tables.apart import DEPTH_REACHED, MEMORY_REACHED, WRITTEN_REACHED, Job
from registry.tables.limits import Limits, release_spare

THREADS = 8  # at most: each takes address space, which is limited


def main() -> int:
    """Does the job on standard input; 0 even where the data is wrong, for that is an answer."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    # NOTE: pyarrow imports numpy where it is installed; no reader uses it, and it takes half of the start.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    from registry.tables.convert import prepare
    from registry.tables.pieces import cut

    job = Job.parse(sys.stdin.buffer.readline())
    found = cut(job.root, job.files, job.schema)
    _load(found.format)
    Limits(**json.loads(sys.argv[1])).impose()
    try:
        prepare(found, job.cache, _begin)
    except MemoryError:
        release_spare()
        _say({"reached": MEMORY_REACHED})
    except RecursionError:
        _say({"reached": DEPTH_REACHED})
    except RegistryError as error:
        _say(_told(error))
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        _say({"reached": WRITTEN_REACHED})
    else:
        _say({"done": True})
    return 0


def _load(format_: str) -> None:
    """What will be needed is mapped before address space is limited; vetting Parquet needs the least."""
    import pyarrow as pa
    import pyarrow.parquet

    if format_ != "parquet":
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.json
    pa.set_cpu_count(min(pa.cpu_count(), THREADS))
    pa.set_io_thread_count(2)


def _begin(path: str) -> None:
    _say({"begin": path})


def _told(error: RegistryError) -> Mapping[str, Any]:
    fields = {name: value for name, value in error.fields.items() if isinstance(value, str | int | float | None)}
    kind = next(base.__name__ for base in type(error).__mro__ if base.__module__ == RegistryError.__module__)
    return {"error": kind, "message": error.message, "why": error.why, "hint": error.hint, "fields": fields}


def _say(line: Mapping[str, Any]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


def _end_with(parent: int) -> None:
    """Ends this process soon after the one that started it, however that ended."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    # NOTE: all is said. Taking the interpreter apart beside the threads of pyarrow, under limits, may abort.
    code = main()
    sys.stderr.flush()
    os._exit(code)
