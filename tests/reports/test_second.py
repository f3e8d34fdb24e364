"""The report of fg-data-profiling: sampled, masked, without markup or network, in a frame that can do nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.errors import EnvironmentFailed, MissingExtraError
from registry.model.facts import ReleaseFacts
from registry.model.schema import Column, DatasetSchema
from registry.reports import profiler, second
from registry.reports.second import Sample, framed, harmless, interpreter, sample_of, second_html
from registry.tables.duck import Session
from tests.reports import test_browser
from tests.reports.conftest import Build
from tests.reports.making import facts_of
from tests.reports.page import Page
from tests.reports.payloads import PAYLOADS
from tests.reports.test_browser import Watched

browser = test_browser.browser
HOSTILE = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(2)>"
ROWS = pa.table(
    {
        HOSTILE: [IMAGE] * 40,
        IMAGE: [f"메일 kim{i}@example.org" for i in range(40)],
        "n": [float(i % 7) for i in range(40)],
        "비밀": [f"secret {i}" for i in range(40)],
        "list": [[1, 2]] * 40,
    }
)
SCHEMA = DatasetSchema("d", (Column("비밀", "string", classification="restricted"),), title=HOSTILE)


@pytest.fixture
def measured(tmp_path: Path, build: Build) -> Iterator[tuple[Session, ReleaseFacts]]:
    facts = facts_of(tmp_path / "d", {"train": ROWS}, SCHEMA)
    with Session(build({"train": ROWS})) as session:
        yield session, facts


def classified(facts: ReleaseFacts) -> dict[str, str]:
    return {column.name: column.classification for column in facts.schema.columns}


def test_the_sample_is_masked_and_holds_no_markup(measured: tuple[Session, ReleaseFacts]) -> None:
    session, facts = measured
    sample = sample_of(session, facts.profile["columns"], classified(facts))
    assert (sample.total, sample.table.num_rows, sample.left_out) == (40, 40, 1)
    told = json.dumps(sample.table.to_pylist(), ensure_ascii=False) + " ".join(sample.table.column_names)
    assert not re.search(r"[<>&`{}']", re.sub(r"[{}]", "", told))
    assert "secret" not in told and "@example.org" not in told
    assert len(set(sample.table.column_names)) == 4


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_keeps_a_character_of_markup(payload: str) -> None:
    assert not re.search(r"[<>&\"'`{}\x00-\x1f\u202a-\u202e]", harmless(payload))


def test_a_large_table_is_sampled_alike_every_time(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "ROWS", 500)
    columns = [{"name": "x", "index": 0, "kind": "integer"}]
    table = build({"train": pa.table({"x": range(3000)}), "test": pa.table({"x": range(3000, 5000)})})
    found = []
    for threads in (1, 4):
        with Session(table, threads=threads) as session:
            found.append(sample_of(session, columns, {}).table.column(0).to_pylist())
    assert found[0] == found[1]
    assert 400 < len(found[0]) < 600 and max(found[0]) > 3000


def test_names_stay_apart(build: Build) -> None:
    names = ["a<", "a>", "a‹", "가" * 90, "가" * 91]
    with Session(build({"train": pa.table([[1]] * 5, names=names)})) as session:
        table = sample_of(session, [{"name": n, "index": i, "kind": "integer"} for i, n in enumerate(names)], {}).table
    assert len(set(table.column_names)) == 5


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_PROFILER", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="fg-data-profiling") as refused:
        interpreter()
    assert "profiling]" in refused.value.hint
    monkeypatch.setenv("REGISTRY_PROFILER", "/nowhere/python")
    with pytest.raises(EnvironmentFailed, match="drew no report"):
        second.drawn(interpreter(), ROWS, "d")


def test_the_frame_has_no_origin_and_keeps_the_page_inside(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "d", {"train": ROWS}, SCHEMA, version="1.0.0")
    source = framed('</iframe><script>alert("x")</script>', Sample(ROWS, 400, 1), facts, "ko")
    page = Page(source)
    assert page.tags["script"] == 0 and page.tags["iframe"] == 1
    assert ("iframe", "sandbox", "allow-scripts") in page.attributes
    assert "400행 중 40행" in page.text
    assert Page(framed("", Sample(ROWS, 400, 1), facts, "en")).numbers == page.numbers


ESCAPES = """<script>
for (const go of [() => fetch("http://127.0.0.1:9/f"), () => new WebSocket("ws://127.0.0.1:9/w"),
  () => { new Image().src = "http://127.0.0.1:9/i" }, () => parent.document.title = "mine",
  () => top.location = "http://127.0.0.1:9/t", () => open("http://127.0.0.1:9/o"), () => localStorage.x = 1,
  () => navigator.sendBeacon("http://127.0.0.1:9/b"), () => alert(1), () => location = "http://127.0.0.1:9/l"])
  try { const p = go(); if (p && p.catch) p.catch(() => 0) } catch (e) {}
document.title = "ran"
</script><form action="http://127.0.0.1:9/x"><button>x</button></form><iframe src="http://127.0.0.1:9/y"></iframe>"""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(test_browser.MISSING, reason=test_browser.WHY)
def test_a_hostile_page_in_the_frame_reaches_nobody(browser: Any, tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "d", {"train": ROWS}, SCHEMA, version="1.0.0")
    file = tmp_path / "framed.html"
    file.write_text(framed(ESCAPES, Sample(ROWS, 40, 0), facts, "en"), "utf-8")
    reached: list[str] = []
    with Watched(browser, file) as watched:
        watched.context.on("request", lambda request: reached.append(request.url))
        watched.page.reload()
        frame = watched.page.frames[1]
        frame.wait_for_function("document.title === 'ran' || location.href !== 'about:srcdoc'")
        frame.evaluate("() => { for (const f of document.forms) f.submit() }")
        watched.page.wait_for_timeout(300)
        assert "fg-data-profiling" in watched.page.title()
        assert not any(event.startswith("dialog") for event in watched.events)
        # NOTE: what the policy refuses is announced as a request and fails before anything is sent.
        assert {url for url in reached if not url.startswith(("file:", "about:"))} <= set(refused_of(watched.events))


def refused_of(events: list[str]) -> list[str]:
    return [
        url for event in events if "Content Security Policy" in event for url in re.findall(r"https?://[\w.:/]+", event)
    ]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with fg-data-profiling, which cannot stand beside pandas 3."""
    if named := os.environ.get("REGISTRY_PROFILER"):
        return named
    root, uv = tmp_path_factory.mktemp("profiler") / "env", [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", str(root)], check=True)
    packages = ["fg-data-profiling>=4.20,<5", "pyarrow"]
    subprocess.run([*uv, "pip", "install", "-q", "-p", str(root / "bin/python"), *packages], check=True)
    return str(root / "bin/python")


@pytest.mark.slow
def test_the_real_report_is_safe_and_reaches_nobody(
    measured: tuple[Session, ReleaseFacts], python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_PROFILER", python)
    session, facts = measured
    inside: list[str] = []
    monkeypatch.setattr(second, "framed", lambda page, *rest: inside.append(page) or framed(page, *rest))
    page = Page(second_html(session, replace(facts, version="1.0.0"), "en"))
    assert page.tags["iframe"] == 1 and page.tags["script"] == 0
    assert "‹script›" in inside[0] and "secret 7" not in inside[0]
    for payload in (HOSTILE, IMAGE, "kim7@example.org", "packages.ydata.ai"):
        assert payload not in inside[0]


@pytest.mark.slow
def test_the_guard_sees_the_telemetry_that_is_off(python: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "rows.parquet")
    given = [str(tmp_path / "rows.parquet"), str(tmp_path / "out.html"), "d", "minimal"]
    # An empty text is what the profiler takes for leave to report home.
    surroundings = {"HOME": str(tmp_path), "MPLCONFIGDIR": str(tmp_path), "YDATA_PROFILING_NO_ANALYTICS": ""}
    done = subprocess.run(
        [python, "-I", profiler.__file__, *given], env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.strip().rpartition("\n")[2])
    assert any("packages.ydata.ai" in attempt for attempt in answer["attempts"])
