"""The process apart: what it is given, how it ends, what is remembered of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.errors import ConfigError, DataError, InternalError, MovedError, UsageError
from registry.model.files import FileEntry, FileList
from registry.model.schema import Column, DatasetSchema
from registry.tables import apart
from registry.tables.apart import Job, prepare_apart
from registry.tables.limits import Limits
from registry.tables.pieces import cut
from registry.tables.read import open_table
from tests.journeys.harness import CHECKOUT
from tests.tables.data import lay, opened, rows

SCHEMA = DatasetSchema(
    "후기", (Column("id", "int64", minimum=0), Column("본문", "string")), {"train": "*.csv"}, encoding="cp949"
)
LIMITS = Limits(1 << 30, 20, 1 << 30)


def test_a_job_survives_its_line(tmp_path):
    job = Job(tmp_path, lay(tmp_path, {"학습.csv": "id\n1\n"}), SCHEMA, tmp_path / "캐시")
    assert Job.parse(job.line()) == job


def test_text_is_converted_apart_with_the_schema(tmp_path):
    table = opened(tmp_path, {"학습.csv": "id,본문\n1,맛있다\n".encode("cp949")}, SCHEMA)
    assert rows(table) == [{"id": 1, "본문": "맛있다", "split": "train"}]


def test_sound_files_are_read_once(tmp_path, monkeypatch):
    pq.write_table(pa.table({"글": ["가", None]}), tmp_path / "train.parquet")
    files = {"train.parquet": (tmp_path / "train.parquet").read_bytes()}
    first = opened(tmp_path, files)
    started = []
    monkeypatch.setattr(apart.subprocess, "Popen", lambda *_, **__: started.append(1))
    assert opened(tmp_path, files) == first and not started
    assert rows(first) == [{"글": "가", "split": "train"}, {"글": None, "split": "train"}]


def test_errors_come_back_as_they_were(tmp_path):
    with pytest.raises(ConfigError, match="CP949") as undeclared:
        opened(tmp_path, {"a.csv": "글\n맛있다\n".encode("cp949")})
    assert undeclared.value.fields["encoding"] == "cp949" and "--encoding cp949" in undeclared.value.hint
    with pytest.raises(DataError, match="row 2") as ragged:
        opened(tmp_path, {"a.csv": "a,b\n1,2\n3\n"})
    assert ragged.value.fields["row"] == 2 and ragged.value.fields["path"] == "a.csv"
    with pytest.raises(MovedError):
        files = FileList.of([FileEntry("a.csv", 4, "0" * 32, "1" * 64)])
        (tmp_path / "data" / "a.csv").write_text("a\n1\n")
        open_table(tmp_path / "data", files, None, tmp_path / "cache")


def test_a_process_that_died_is_tried_once_more(tmp_path, monkeypatch):
    job = Job(tmp_path, lay(tmp_path, {"train.csv": "id\n1\n"}), None, tmp_path / "cache")
    whole, deaths = apart._run, [(-signal.SIGABRT, [{"begin": "train.csv"}])]
    monkeypatch.setattr(apart, "_run", lambda *given: deaths.pop() if deaths else whole(*given))
    prepare_apart(job, LIMITS)
    assert list((tmp_path / "cache").rglob("*.parquet"))
    deaths += [(-signal.SIGSEGV, [{"begin": "train.csv"}])] * 2
    with pytest.raises(DataError, match=r"`train.csv` cannot be read.*SIGSEGV"):
        prepare_apart(job, LIMITS)
    deaths += [(-signal.SIGABRT, [{"begin": "train.csv"}, {"done": True}])]
    prepare_apart(job, LIMITS)  # it had said that all is done


def test_the_limits_are_imposed(tmp_path):
    files = lay(tmp_path, {"train.jsonl": f'{{"text": "{"가" * 20_000_000}"}}\n{{"text": "b"}}\n'})
    job = Job(tmp_path, files, None, tmp_path / "cache")
    with pytest.raises(DataError, match=r"`train.jsonl` takes more than 0\.1 GiB of memory") as memory:
        prepare_apart(job, Limits(64 << 20, 20, 1 << 30))
    assert "REGISTRY_READ_MEMORY" in memory.value.hint
    with pytest.raises(DataError, match=r"`train.jsonl` takes more than .* as Parquet"):
        prepare_apart(job, Limits(1 << 30, 20, 1 << 10))
    with pytest.raises(DataError, match="takes more than 0 seconds"):
        prepare_apart(job, Limits(1 << 30, 0, 1 << 30))
    assert not list((tmp_path / "cache").rglob("*.parquet"))


def test_it_knows_no_credentials(tmp_path, monkeypatch):
    seen = {}

    def spy(*_, env, **__):
        seen.update(env)
        raise OSError("enough")

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    monkeypatch.setattr(apart.subprocess, "Popen", spy)
    with pytest.raises(OSError, match="enough"):
        opened(tmp_path, {"a.csv": "a\n1\n"})
    assert seen["PYTHONPATH"].startswith(str(CHECKOUT)) and not {"AWS_SECRET_ACCESS_KEY", "HF_TOKEN"} & set(seen)


def test_a_reader_that_cannot_start_is_no_fault_of_the_data(tmp_path, monkeypatch):
    monkeypatch.setattr(apart.sys, "executable", "/bin/false")
    with pytest.raises(InternalError):
        opened(tmp_path, {"a.csv": "a\n1\n"})


@pytest.mark.parametrize(
    ("name", "value"), [("MEMORY", "viel"), ("SECONDS", "-1"), ("MEMORY", "0"), ("MEMORY", "1 XB")]
)
def test_wrong_limits_are_named(tmp_path, monkeypatch, name, value):
    monkeypatch.setenv(f"REGISTRY_READ_{name}", value)
    with pytest.raises(UsageError, match=value) as wrong:
        Limits.of(cut(tmp_path, lay(tmp_path, {"a.csv": "a\n"}), None))
    assert f"export REGISTRY_READ_{name}=" in wrong.value.hint


def test_limits_grow_with_what_lies_on_the_disk(tmp_path):
    def limits(path: str, size: int) -> Limits:
        return Limits.of(cut(tmp_path, FileList.of([FileEntry(path, size, "0" * 32, "1" * 64)]), None))

    small, large = limits("a.csv", 1000), limits("a.csv", 1 << 30)
    assert small.seconds == 10 and large.seconds > 1000 and small.memory == large.memory == 2 << 30
    assert limits("a.arrow", 1 << 30).memory == 5 << 30


def test_it_ends_with_the_process_that_started_it(tmp_path):
    """A command that is killed leaves no reader behind."""
    fifo = tmp_path / "data" / "train.csv"
    fifo.parent.mkdir()
    os.mkfifo(fifo)  # the reader waits here for good
    code = (
        "from pathlib import Path; from registry.tables.apart import *; from registry.tables.limits import Limits;"
        f"root = Path({str(fifo.parent)!r});"
        "prepare_apart(Job(root, FileList((FileEntry('train.csv', 1, '', ''),)), None, root), Limits(1 << 30, 99, 1))"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT)
    try:
        child = _await(lambda: _children(starter.pid))[0]
    finally:
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    assert _await(lambda: not Path(f"/proc/{child}").exists() or _state(child) == "Z")


def _children(pid: int) -> list[int]:
    file = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(one) for one in file.read_text().split()] if file.exists() else []
    return [one for one in found if b"registry.tables.child" in Path(f"/proc/{one}/cmdline").read_bytes()]


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _await(condition):
    """What `condition` gives once it gives something, within 20 seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")


def test_what_it_says_is_data(tmp_path, monkeypatch):
    """An answer names an error of ours or is a bug; it is never code."""
    for kind in ("eval", "__builtins__", "RegistryErrorX", 7):
        answer = {"error": kind, "message": "m", "why": "w", "hint": "h", "fields": {}}
        assert type(apart._error(json.loads(json.dumps(answer)))) is InternalError
