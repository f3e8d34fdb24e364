import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model.paths import problem_of, problems

GOOD = [
    "a",
    "a.csv",
    "train/a.csv",
    "학습/가.parquet",
    "a b/c d.txt",
    "deep/" * 20 + "x",
    ".hidden",
    "x.tar.gz",
    "README",
]
BAD = [
    "", "/a", "..", "../a", "a/../b", "a/..", ".", "./a", "a/./b", "a//b", "a/", "a\\b", "C:\\x", "c:x", "a\0b", "a\nb",
    "a\x1bb", "a\u202eb", "a\u200bb", "a\u2066b", "\ufeffa", ".git", ".git/config", "a/.GIT/hooks", ".dvc/config",
    "x/.gitignore", ".dvcignore", "README.md", "readme.MD", "croissant.json", ".registry/manifest.json", ".Registry",
    "con", "CON.txt", "aux", "a/nul.csv", "com1", "lpt9.txt", "COM¹",
    "a.", "a ", "dir./x", " a", "a/ b", "a?b", "a*b",
    "a|b", "a<b", "a>b", 'a"b', "x" * 256, "가" * 86, "y/" * 600 + "z",
    unicodedata.normalize("NFD", "가.csv"), "\udc80",
]  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
def test_ordinary_paths_pass(path):
    assert problem_of(path) is None


@pytest.mark.parametrize("path", BAD)
def test_hostile_paths_are_refused_with_a_reason(path):
    why = problem_of(path)
    assert why and "\n" not in why


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (["a.csv", "A.csv"], "case-twin"),
        (["a.csv", "a.csv"], "duplicate"),
        (["straße", "STRASSE"], "case-twin"),
        (["a", "a/b"], "prefix"),
        (["a/b", "a"], "prefix"),
        (["a/x", "A/y"], "case-twin"),
        (["A", "a/b"], "prefix"),
    ],
)
def test_paths_that_collide_on_some_system(paths, kind):
    assert [problem.kind for problem in problems(paths)] == [kind]


@given(st.lists(st.text(max_size=30), max_size=6))
def test_what_passes_stays_inside(paths):
    refused = {problem.path for problem in problems(paths)}
    for path in set(paths) - refused:
        segments = path.split("/")
        assert not path.startswith("/") and ".." not in segments and "" not in segments and "\\" not in path
        assert unicodedata.normalize("NFC", path) == path
        assert not {unicodedata.category(c) for c in path} & {"Cc", "Cs", "Zl", "Zp"}
