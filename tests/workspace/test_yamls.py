import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ConfigError
from registry.workspace.yamls import load_yaml, parse_yaml, write_yaml

TEXT = """\
# a comment
name: 후기
list:
  - a: 1
    b: {c: yes, d: null}
  - 2.5
date: 2026-01-01
"""


def test_values_and_lines():
    value, places = parse_yaml(TEXT, "x.yaml")
    assert value["name"] == "후기" and value["list"][0] == {"a": 1, "b": {"c": "yes", "d": None}}
    assert type(value["list"][1]) is float
    assert places.line("list", 0, "b", "d") == 5 and places.line("list", 1) == 6 and places.line() == 1
    assert places.at("list", 0, "a") == "x.yaml:4 (list.0.a)"
    assert places.line("list", 0, "unknown", "deeper") == 4


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{c}: &{c} [" + ",".join([f"*{p}"] * 9) + "]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a: [1\n", "a: b: c\n", "\tx: 1", "a: !!python/object:os.system x\nb: [", BOMB],
    ids=["duplicate key", "open bracket", "colon twice", "tab", "object", "aliases"],
)  # fmt: skip
def test_broken_and_hostile_documents(text):
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "x.yaml")
    assert "x.yaml" in str(caught.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="no file"):
        load_yaml(tmp_path / "x.yaml")


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc가", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("xyz나", min_size=1, max_size=4), plain, max_size=4))
def test_what_is_written_reads_back(value):
    assert parse_yaml(write_yaml(value), "x")[0] == (value or {})
