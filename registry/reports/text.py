"""Words and numbers in the language of a page.

>>> en, ko = Text("en"), Text("ko")
>>> en.n("rows", 1), en.n("rows", 1200), ko.n("rows", 1200)
('1\\xa0row', '1,200\\xa0rows', '1,200행')
>>> en.share(0.0004), ko.share(0.0004), en.share(1), en.share(0.99999), en.share(0.025)
('<0.1%', '0.1% 미만', '100%', '>99.9%', '2.5%')
>>> en.pp(0.0081), ko.pp(0.0081), en.pp(0.0002), en.size(30_200_000), en.stat(0.123456), en.stat(12345.6)
('0.8\\xa0pp', '0.8%p', '<0.1\\xa0pp', '30.2\\xa0MB', '0.123', '12,346')
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from registry.errors import UsageError
from registry.reports.words import NOUNS, WORDS

Lang = Literal["en", "ko"]
LANGS: tuple[Lang, ...] = ("en", "ko")
NONE = "–"
WIDE = 10**8  # whole numbers from which an axis shows three digits only
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class Text:
    """The catalogue and number formats of one language, `en` or `ko`; another raises `UsageError`."""

    lang: str

    def __post_init__(self) -> None:
        """Refuses an unknown language."""
        if self.lang not in LANGS:
            raise UsageError(f"`{self.lang}` is no language of the reports", hint="--lang en, ko or both")

    def __call__(self, key: str, /, **values: Any) -> Markup:
        """The sentence `key` with `values`, which are escaped unless they are markup."""
        return Markup(WORDS[key][LANGS.index(self.lang)]).format(**values)  # noqa: S704

    def pick(self, pair: tuple[str, str]) -> str:
        """The half of an (English, Korean) pair."""
        return pair[LANGS.index(self.lang)]

    def n(self, noun: str, count: int) -> str:
        """A counted noun."""
        one, many, korean = NOUNS[noun]
        form = korean if self.lang == "ko" else one if count == 1 else many
        return form.format(n=f"{count:,}").replace(" ", "\u00a0")

    def count(self, value: int | None) -> str:
        """A whole number with thousands separated."""
        return NONE if value is None else f"{value:,}"

    def share(self, value: float | None) -> str:
        """A share of one, as a percentage; 0% and 100% only where exact."""
        if value is None:
            return NONE
        if value in (0, 1):
            return f"{value:.0%}"
        if value < 0.001:
            return self.pick(("<0.1%", "0.1% 미만"))
        if value > 0.999:
            return self.pick((">99.9%", "99.9% 초과"))
        return f"{value * 100:.1f}%"

    def percent(self, value: float | None) -> str:
        """A quotient as a percentage that may exceed 100%."""
        return NONE if value is None else self.share(value) if value <= 1 else f"{value * 100:,.1f}%"

    def pp(self, value: float | None) -> str:
        """A difference of shares in percentage points."""
        if value is None:
            return NONE
        if 0 < value < 0.001:
            return self.pick(("<0.1\u00a0pp", "0.1%p 미만"))
        points = f"{value * 100:.1f}".replace("-", "−") if value else "0"
        return points + self.pick(("\u00a0pp", "%p"))

    def size(self, count: int) -> str:
        """Bytes in decimal units."""
        value, unit = float(count), 0
        while value >= 999.95 and unit < len(_UNITS) - 1:
            value, unit = value / 1000, unit + 1
        return f"{count}\u00a0B" if unit == 0 else f"{value:.1f}\u00a0{_UNITS[unit]}"

    def stat(self, value: Any) -> str:
        """A statistic at three significant digits; whole numbers and moments of time as they are."""
        if value is None:
            return NONE
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}".replace("-", "−")
        number = float(value)
        if abs(number) < 1e15 and (number.is_integer() or abs(number) >= 1000):
            return f"{number:,.0f}".replace("-", "−")
        return f"{number:.3g}".replace("-", "−")

    def tick(self, value: Any) -> str:
        """A statistic on an axis, where there is room for few digits.

        >>> Text("en").tick(-9223372036854775808), Text("en").tick(254), Text("en").tick("2026-11-22")
        ('−9.22e+18', '254', '2026-11-22')
        """
        whole = isinstance(value, int) and not isinstance(value, bool)
        return self.stat(f"{value:.3g}".replace("-", "−") if whole and abs(value) >= WIDE else value)

    def distance(self, value: float | None) -> str:
        """A divergence at three decimals."""
        if value is None:
            return NONE
        return "<0.001" if 0 < value < 0.0005 else f"{value:.3f}"

    def range(self, low: Any, high: Any) -> str:
        """From `low` to `high`."""
        key = "range.signed" if isinstance(low, str) or self.stat(low).startswith("−") else "range"
        return str(self(key, low=self.stat(low), high=self.stat(high)))

    def join(self, parts: Iterable[Any]) -> Markup:
        """Parts with commas between."""
        return Markup(", ").join(parts)
