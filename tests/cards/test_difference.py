"""The page of a difference: complete, escaped, in both languages."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from registry.cards.difference import CLASSES, diff_html
from registry.model.difference import Difference, RowChanges, Shift
from registry.model.release import ChangeFact
from tests.reports.payloads import PAYLOADS

FACTS = (
    ChangeFact("frozen-rows-relabelled", "major", "test", "label", 2, "2 rows; neg → pos 2"),
    ChangeFact("split-changed", "minor", "train", None, 12, "80 → 92 rows: 12 added"),
)
ROWS = RowChanges(
    added={"train": 12}, relabelled={"test": 2}, moved={("train", "test"): 3},
    labels={("neg", "pos"): 2, (None, "중립"): 1},
    columns={"글": 4}, gone={("test", "neg"): 5}, keyed=True, samples={"added": ("r1", "r2")},
)  # fmt: skip
WHOLE = Difference(
    "reviews@1.0.0", "reviews", "major", FACTS, ROWS, "label",
    shifts=(Shift("score", 0.25, 0.0, 0.0), Shift("글", None, 0.0, 0.1)),
)  # fmt: skip


class Read(HTMLParser):
    """The tags with their attributes, and the text, of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("A frozen split changed", "A major version", "0% → 10.0%", "Labels without rows", "80 → 92 rows")),
     ("ko", ("고정 분할 변경", "major 버전", "행이 없어진 라벨", "80 → 92행: 추가 12"))],
)  # fmt: skip
def test_the_page_tells_everything(lang, words):
    text = Read(diff_html(WHOLE, lang)).text
    for word in (*words, "reviews@1.0.0", "neg", "중립", "글", "score", "r2"):
        assert word in text, word


def test_nothing_and_what_could_not_be_read():
    assert "Nothing changed" in diff_html(Difference("x@1.0.0", "x", "none"), "en")
    unread = Difference("x@1.0.0", "x", "major", FACTS[:1], None, unread="x@1.0.0 was withdrawn")
    assert "Rows were not compared: <bdi>x@1.0.0 was withdrawn" in diff_html(unread, "en")


def test_a_matrix_of_many_labels_is_cut_and_says_so():
    labels = {(f"c{n}", f"c{n + 1}"): 100 - n for n in range(40)}
    page = diff_html(Difference("a", "b", "minor", (), RowChanges(relabelled={"x": 9}, labels=labels), "y"), "en")
    assert f"The most frequent {CLASSES - 1} of 40 pairs." in Read(page).text and "c39" not in page


@pytest.mark.parametrize("payload", PAYLOADS[:40])
def test_nothing_from_data_becomes_markup(payload):
    def page(word):
        rows = RowChanges(
            added={word: 1}, moved={(word, "b"): 1}, labels={(word, "b"): 1}, columns={word: 1},
            gone={(word, word): 1}, keyed=True, note=word, samples={"added": (word,)},
        )  # fmt: skip
        fact = ChangeFact("frozen-split-changed", "major", word, word, 1, word)
        return diff_html(Difference(word, word, "major", (fact,), rows, word, shifts=(Shift(word, 0.5),)), "en")

    assert [tag for tag, _ in Read(page(payload)).tags] == [tag for tag, _ in Read(page("plain")).tags]
    assert not {name for _, names in Read(page(payload)).tags for name in names if name.startswith("on")}
