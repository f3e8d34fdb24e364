"""Terms of a list in texts, also where their letters are split, spaced, widened or repeated.

A list is what its owner made it: that a term stands in a text says nothing beyond that. Three
ways to compare: `none` as written; `text` after NFKC and case-folding; `letters` besides through
split Hangul (`ㅂㅏㅂㅗ`), marks on letters, letters apart (`바.보`, `b a d`), letters repeated three times
or more and vowels drawn out (`바아보`). Hangul is found within words, other scripts as whole words.
Letters apart are joined only if whole words are: `나 바 보았다` holds no `바보`.

>>> found = Matcher(TermList("bad.txt", ("바보", "bad"), ("바보온달",))).lines
>>> texts = ("ㅂㅏㅂㅗ", "바.보", "너바아보야", "Ｂ a D", "baaad", "나 바 보았다", "badge", "바보온달")
>>> [found(text) for text in texts]
[[1], [1], [1], [2], [2], [], [], []]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from registry.model.digest import digest_of
from registry.privacy.seen import without_invisible

Normalize = Literal["none", "text", "letters"]
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
_PAIRS = "ㄳㄱㅅ ㄵㄴㅈ ㄶㄴㅎ ㄺㄹㄱ ㄻㄹㅁ ㄼㄹㅂ ㄽㄹㅅ ㄾㄹㅌ ㄿㄹㅍ ㅀㄹㅎ ㅄㅂㅅ "
_PAIRS += "ㅘㅗㅏ ㅙㅗㅐ ㅚㅗㅣ ㅝㅜㅓ ㅞㅜㅔ ㅟㅜㅣ ㅢㅡㅣ"
JOINED = {pair[0]: pair[1:] for pair in _PAIRS.split()}  # letters that two keys make
LEET = {"a": "4@", "b": "8", "e": "3", "g": "9", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7"}
# What NFKC left beside its letter: strokes through it, accents that no alphabet writes there, circles around it.
_MARKS = (range(0x300, 0x370), range(0x483, 0x48A), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00), range(0x20D0, 0x2100))
_HANGUL = "\u3131-\u3163"
_SINGLE = re.compile(r"[\u2e80-\u2fff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")  # a word each
_WORDS = "\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff"  # scripts that are found within words
RULES = 2  # raised when a text may be judged otherwise
MOST, LONGEST = 20_000, 100  # terms of a list, characters of a term


@dataclass(frozen=True, slots=True)
class TermList:
    """The terms of a list, one a line of the file at `path`; `allowed` are those of lines that begin with `!`.

    What lies within something allowed is not found. `lines` are the numbers of the terms' lines.
    """

    path: str
    terms: tuple[str, ...]
    allowed: tuple[str, ...] = ()
    lines: tuple[int, ...] = field(default=())

    @classmethod
    def read(cls, path: str, text: str) -> TermList:
        """The list of a file's text; blank lines and those that begin with `#` are passed over.

        >>> TermList.read("x", "# 욕설\\n바보\\n\\n!바보온달\\n").terms
        ('바보',)
        """
        numbered = [(at, line.strip()) for at, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1)]
        kept = [(at, line) for at, line in numbered if line and not line.startswith("#")]
        terms = {line: at for at, line in reversed(kept) if not line.startswith("!")}
        allowed = dict.fromkeys(line[1:].strip() for _, line in kept if line.startswith("!"))
        inorder = sorted(terms, key=lambda term: terms[term])
        return cls(path, tuple(inorder), tuple(allowed), tuple(terms[term] for term in inorder))

    @property
    def sha256(self) -> str:
        """Digest of what the list says, free of comments and blank lines."""
        return digest_of([list(self.terms), list(self.allowed)])

    def to_json(self) -> dict[str, str]:
        """The list as an argument of a check."""
        return {"path": self.path, "sha256": self.sha256}

    def __str__(self) -> str:
        return self.path


class Matcher:
    """Finds the terms of a list; `leet` reads digits and signs as the letters that they look like."""

    def __init__(self, terms: TermList, normalize: Normalize = "letters", *, leet: bool = False) -> None:
        digits = leet or any(char.isdigit() for term in terms.terms for char in term)
        self._view = _Letters(digits, leet) if normalize == "letters" else _Plain(folded=normalize == "text")
        numbers = terms.lines or tuple(range(1, len(terms.terms) + 1))
        self._terms = self._compiled(terms.terms)
        self._allowed = self._compiled(terms.allowed) if terms.allowed else None
        self._by_first: dict[str, list[tuple[str, int]]] = {}
        for term, number in zip(terms.terms, numbers, strict=True):
            self._by_first.setdefault(self._view.first(self._view.term(term)), []).append((term, number))
        self._one = cache(lambda term: self._compiled((term,)))

    def reads(self, term: str) -> bool:
        """Whether anything of a term is left to compare."""
        return bool(self._view.elements(term))

    def _compiled(self, terms: tuple[str, ...]) -> re.Pattern[str]:
        return re.compile(_trie([found for term in terms if (found := self._view.elements(term))]) + self._view.end)

    def lines(self, text: str) -> list[int]:
        """The lines of the list, ascending, whose terms stand in `text`; of terms that overlap the longest."""
        view = self._view.text(text)
        if not self._terms.search(view):
            return []
        allowed = [match.span() for match in self._allowed.finditer(view)] if self._allowed else []
        found = set()
        for match in self._terms.finditer(view):
            start, end = match.span()
            if not any(low <= start and end <= high for low, high in allowed):
                found.add(self._number(view, start))
        return sorted(found)

    def _number(self, view: str, start: int) -> int:
        """The line of the longest term that begins at a place where one does."""
        likely = self._by_first[self._view.first(view[start : start + 2])]
        spans = [(found.end(), -number) for term, number in likely if (found := self._one(term).match(view, start))]
        return -max(spans)[1]


class _Plain:
    """Texts as they are, or folded."""

    end = ""

    def __init__(self, *, folded: bool) -> None:
        self._folded = folded

    def text(self, text: str) -> str:
        return _folded(text) if self._folded else text

    term = text

    def first(self, view: str) -> str:
        return view[:1]

    def elements(self, term: str) -> list[str]:
        found = [re.escape(char) for char in self.text(term)]
        if not found:
            return []
        edge = rf"[^\W{_WORDS}{_HANGUL}]"
        inside = re.compile(edge)
        before = [rf"(?<!{edge})"] if inside.match(self.text(term)[0]) else []
        after = [rf"(?!{edge})"] if inside.match(self.text(term)[-1]) else []
        return [*before, *found, *after]


class _Letters:
    """Texts as letters: `|` before every syllable, character or word, words apart on lines of their own.

    Letters that stand apart (`b a d`, `바.보`) follow once more, joined.
    """

    end = r"(?=\|)"

    def __init__(self, digits: bool, leet: bool) -> None:
        self._leet = leet
        self._table = _Table(digits, leet)

    def text(self, text: str) -> str:
        """All ways to read a text, a line each."""
        written = self._written(text)
        return "\n".join([re.sub("[ .]+", "|\n", written) + "|", *_apart(written)])

    def term(self, term: str) -> str:
        """As `text`, of a term."""
        return self._written(term)

    def first(self, view: str) -> str:
        """What terms begin with that may begin where a view does."""
        return "" if self._leet else view[1:2]

    def _written(self, text: str) -> str:
        return _LETTERS.sub(r"|\g<0>", _folded(text).translate(self._table)).strip(" .")

    def elements(self, term: str) -> list[str]:
        """The pattern of a term, letter by letter."""
        found: list[str] = []
        words = re.split("[ .]+", self._written(term))
        for place, word in enumerate(words):
            letters = [(run[0][0], len(run[0])) for run in re.finditer(r"(.)\1*", word.replace("|", ""))]
            if not letters:
                return []
            found.append(r"\|" if place == 0 else r"\|\n\|")
            for at, (letter, count) in enumerate(letters):
                found += [r"\|?"] * (at > 0)
                found += self._letter(letter, count)
        return found

    def _letter(self, letter: str, count: int) -> list[str]:
        if "ㄱ" <= letter <= "ㅎ":  # repeated where it stands by itself, not at the end of a syllable
            return [rf"(?:(?<=\|){letter}\|)*{letter}", *[r"\|?", letter] * (count - 1)]
        if "ㅏ" <= letter <= "ㅣ":
            return [rf"{letter}(?:\|ㅇ?{letter})*", *[r"\|?", letter] * (count - 1)]
        one = f"[{letter}{re.escape(LEET[letter])}]" if self._leet and letter in LEET else re.escape(letter)
        again = rf"(?:\|?{one})"
        return [rf"(?:{one}{again}{{{count - 1}}}|{one}{again}{{2,}})(?!\|?{one})"]


def _apart(written: str) -> Iterator[str]:
    """Runs of words of one letter each, joined; and words that no space parts, joined as wholes."""
    for run in _RUN.finditer(written):
        joined = re.sub("[ .]", "", run[0]) + "|"
        yield re.sub(rf"(?<=[{_WORD}])\|(?=[{_WORD}])", "", joined)
    for chunk in written.split(" "):
        words = [word for word in chunk.split(".") if word]
        if len(words) > 1:
            yield "".join("|" + word.replace("|", "") for word in words) + "|"


_WORD = rf"^ .|{_HANGUL}{_SINGLE.pattern[1:-1]}"  # of scripts that have words
_LETTERS = re.compile(f"[{_WORD}]+")
_UNIT = rf"\|(?:[{_HANGUL}]+|[^ .|{_HANGUL}])"
_RUN = re.compile(rf"(?:(?<=[ .])|\A)(?:{_UNIT}[ .]+)+{_UNIT}(?=[ .]|\Z)")


class _Table(dict[int, str]):
    """How each character of a folded text is written: letters, ` ` for white space, `.` for what is between."""

    def __init__(self, digits: bool, leet: bool) -> None:
        self._digits = digits
        self._signs = "@!$" if leet else ""

    def __missing__(self, code: int) -> str:
        self[code] = found = self._written(chr(code))
        return found

    def _written(self, char: str) -> str:
        if "가" <= char <= "힣":
            at = ord(char) - ord("가")
            return "|" + "".join(JOINED.get(one, one) for one in _syllable(at))
        if letter := _JAMO.get(char):
            return "|" + letter
        if _SINGLE.match(char):
            return "|" + char
        if char.isspace():
            return " "
        if any(ord(char) in marks for marks in _MARKS):
            return ""
        kept = char.isalpha() or unicodedata.category(char) == "Mn" or char in self._signs
        return char if kept or (char.isdigit() and self._digits) else "."


def _syllable(at: int) -> tuple[str, str, str]:
    return INITIALS[at // 588], VOWELS[at % 588 // 28], FINALS[at % 28]


def _jamo() -> dict[str, str]:
    """Letters of Hangul by themselves, as NFKC and keyboards write them."""
    found = {chr(0x1100 + at): letter for at, letter in enumerate(INITIALS)}
    found |= {chr(0x1161 + at): letter for at, letter in enumerate(VOWELS)}
    found |= {chr(0x11A7 + at): letter for at, letter in enumerate(FINALS) if letter}
    found |= {letter: letter for letter in (*INITIALS, *VOWELS, *FINALS) if letter}
    found |= {unicodedata.normalize("NFKC", letter): letter for letter in JOINED}  # some become letters of old Korean
    return {char: JOINED.get(letter, letter) for char, letter in found.items()}


_JAMO = _jamo()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", without_invisible(text)).casefold()


def _trie(terms: list[list[str]]) -> str:
    """One pattern for all terms, longer ones first, what they begin with in common written once."""
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for term in terms:
        node = tree
        for element in term:
            node = node.setdefault(element, {})
        node[""] = {}
    return _alternatives(tree) if terms else "(?!)"


def _alternatives(tree: dict[str, dict]) -> str:  # type: ignore[type-arg]
    ways = [element + _alternatives(rest) for element, rest in tree.items() if element]
    if not ways:
        return ""
    joined = ways[0] if len(ways) == 1 and "" not in tree else f"(?:{'|'.join(ways)})"
    return f"{joined}?" if "" in tree else joined


@cache
def matcher(terms: TermList, normalize: Normalize, leet: bool) -> Matcher:
    """A matcher, made once a process."""
    return Matcher(terms, normalize, leet=leet)
