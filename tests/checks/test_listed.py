"""Listed terms as an expectation: rows, lines of the list, its digest, and lists that would pass everything."""

from __future__ import annotations

import json

import pytest

from registry.checks.run import run_checks
from registry.checks.suite import load_suite, parse_suite
from registry.errors import ConfigError
from registry.tables.duck import Session
from tests.checks.tables import schema_of, table_of

KIND = "expect_no_listed_terms"
SUITE = "name: x\nexpectations:\n  - type: {kind}\n    kwargs: {kwargs}\n"


def suite(root, terms, **kwargs):
    folder = root / "checks"
    folder.mkdir(exist_ok=True)
    (folder / "금칙어.txt").write_text(terms, "utf-8")
    written = SUITE.format(kind=KIND, kwargs=json.dumps({"list": "금칙어.txt", **kwargs}, ensure_ascii=False))
    (folder / "x.yaml").write_text(written, "utf-8")
    return load_suite(folder / "x.yaml")


def check(root, terms, rows, roles=None, **kwargs):
    table = table_of(root, rows)
    with Session(table) as session:
        (found,) = run_checks(
            suite(root, terms, **kwargs).expectations, table, schema_of(table, **(roles or {})), session
        )
    return found


ROWS = {
    "train": {"글": ["이 바 보", "나 바 보았다", None, "바보 멍청이"], "note": ["바보", "", None, "x"]},
    "test": {"글": ["ㅂㅏㅂㅗ", "좋아요"], "note": [None, None]},
}


def test_rows_and_lines_are_counted_and_no_term_is_shown(tmp_path):
    found = check(tmp_path, "# 목록\n바보\n멍청이\n", ROWS, {"글": "text"})
    assert (found.status, found.total, found.unexpected, found.columns) == ("fail", 5, 3, ("글",))
    assert found.observed["terms"] == {"line 2": {"found": 3, "rows": 3}, "line 3": {"found": 1, "rows": 1}}
    assert found.samples[0] == {"row": "test.parquet#0", "split": "test", "found": "글: line 2"}
    assert "line 2 in 3" in found.message and "바보" not in json.dumps(found.to_json(), ensure_ascii=False)
    assert found.arguments["list"] == "금칙어.txt"
    both = check(tmp_path, "바보\n", ROWS, max_count=3)
    assert (both.status, both.columns, both.unexpected) == ("pass", ("글", "note"), 3)


def test_the_list_is_part_of_the_ruleset(tmp_path):
    first = suite(tmp_path, "바보\n")
    assert suite(tmp_path, "# 다시\n바보\n").to_json() == first.to_json()
    assert suite(tmp_path, "바보\n멍청이\n").to_json() != first.to_json()


def test_a_list_of_the_workspace_is_found(tmp_path):
    (tmp_path / "registry.toml").write_text("format = 1\n")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/a.txt").write_text("바보")
    assert suite(tmp_path, "x", list="lists/a.txt").expectations[0].kwargs["list"].terms == ("바보",)


@pytest.mark.parametrize(
    ("terms", "problem"),
    [("", "holds no term"), ("# 주석만\n\n!바보\n", "holds no term"), ("바보\n!!!\n...\n", "no letters"),
     ("가" * 101, "too long")],
)  # fmt: skip
def test_a_list_that_finds_nothing_is_refused(tmp_path, terms, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        suite(tmp_path, terms)
    assert caught.value.exit == 2


@pytest.mark.parametrize("name", ["none.txt", "../secret.txt", "/etc/passwd", "checks"])
def test_a_list_that_is_not_there_or_lies_elsewhere_is_refused(tmp_path, name):
    (tmp_path / "secret.txt").write_text("바보")
    with pytest.raises(ConfigError, match=r"no list|lies elsewhere"):
        suite(tmp_path, "바보", list=name)


def test_a_list_is_needed_and_bytes_that_are_no_utf8_are_named(tmp_path):
    with pytest.raises(ConfigError, match="needs `list`"):
        parse_suite(SUITE.format(kind=KIND, kwargs="{}"), "x.yaml")
    suite(tmp_path, "바보")
    (tmp_path / "checks/금칙어.txt").write_bytes("바보".encode("cp949"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_suite(tmp_path / "checks/x.yaml")
