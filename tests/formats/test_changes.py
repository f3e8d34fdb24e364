from registry.formats.changes import escaped, markdown, render
from registry.model.difference import Difference, RowChanges, Shift
from registry.model.release import ChangeFact

HOSTILE = "<img src=x>|@kim `#1`\n::error::x\u202e"
ROWS = RowChanges(
    added={"train": 1200},
    edited={"test": 2},
    relabelled={"test": 3},
    moved={("train", "test"): 4},
    labels={("긍정", "부정"): 2, (None, HOSTILE): 1},
    columns={"본문": 2},
    keyed=True,
)
FACTS = (
    ChangeFact("frozen-rows-relabelled", "major", "test", "감정", 3, "3 rows; 긍정 → 부정 2"),
    ChangeFact("split-changed", "minor", "train", None, 1200, "10 → 1,210 rows: 1,200 added"),
)
CHANGED = Difference("reviews@1.0.0", "reviews", "major", FACTS, ROWS, "감정")


def test_a_terminal_shows_level_facts_and_what_happened_to_rows():
    lines = render(CHANGED).splitlines()
    assert lines[0] == "reviews@1.0.0 → reviews: major"
    assert lines[2] == "  ‼ FROZEN SPLIT CHANGED: test: scores published on it no longer compare"
    assert lines[4] == "  major  frozen rows relabelled  test, 감정  3 rows; 긍정 → 부정 2"
    assert "1,200 added, 0 removed, 2 changed, 3 relabelled, 4 moved (by key)" in lines[7]
    assert "    긍정 → 부정" in render(CHANGED) and "    train → test  4" in lines


def test_no_value_of_the_data_begins_a_line_or_markup():
    for text in (render(CHANGED), markdown(CHANGED)):
        assert "\n::error" not in text and "\u202e" not in text
    told = markdown(CHANGED)
    line = next(line for line in told.splitlines() if "img" in line)
    assert line.startswith("| `(none) → <img src=x>¦@kim ˋ#1ˋ") and line.endswith("| 1 |") and line.count("|") == 3


def test_text_that_markdown_would_read_is_escaped():
    assert not set("<>|@#*_`[]") & set(escaped("<b>|@kim #1 *a* _b_ `c` [d]").replace("&#", ""))


def test_long_tables_are_cut_and_say_so():
    labels = {(f"a{n}", "b"): 100 - n for n in range(40)}
    many = Difference("a", "b", "minor", (), RowChanges(relabelled={"train": 9}, labels=labels), "y")
    assert "… 28 more" in render(many) and "… 28 more" in markdown(many)


def test_columns_that_moved_and_the_first_keys_are_told():
    rows = RowChanges(added={"train": 2}, keyed=True, samples={"added": (HOSTILE, "r2")})
    shifts = (Shift("별점", 0.25, 0.0, 0.125), Shift("text", 0.0001, 0.0, 0.0))
    found = Difference("a@1.0.0", "a", "minor", (), rows, shifts=shifts)
    shown = render(found)
    assert "    별점  0.250 bits, missing 0.0% → 12.5%" in shown and "text" not in shown and "r2" in shown
    assert "\n::error" not in shown + markdown(found)
    assert "added rows: `" in markdown(found) and "added rows" not in markdown(found, keys=False)
    assert found.to_json()["rows"]["samples"] == {"added": [HOSTILE, "r2"]}


def test_nothing_changed_is_one_line():
    assert render(Difference("a@1.0.0", "a", "none", (), RowChanges())) == "a@1.0.0 → a: none"
