"""Learning curves: how the error of a model falls as rows grow, and what twice the rows would give.

The error is modelled as a·n^-b + c: a part that rows take away, and a part that none will (Cortes et
al. 1993, Learning curves: asymptotic values and rate of convergence; Viering & Loog 2023,
arXiv:2103.10948). For each c of a grid the rest is a line in logarithms; the c of the least squared
error counts.

>>> law = fit([100, 200, 400, 800], [0.4, 0.3, 0.25, 0.225])
>>> round(law.c, 2), round(law.b, 2), round(law.gain(800), 3)
(0.2, 1.0, 0.012)
>>> fit([100, 200, 400], [0.3, 0.3, 0.3]).gain(400)
0.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

GRID = 200  # values of c that are tried


@dataclass(frozen=True, slots=True)
class Law:
    """The error at n rows is a·n^-b + c."""

    a: float
    b: float
    c: float

    def error(self, rows: float) -> float:
        """The expected error at so many rows."""
        return float(self.a * rows**-self.b + self.c)

    def gain(self, rows: float) -> float:
        """By how much the error falls with twice as many."""
        return self.error(rows) - self.error(2 * rows)


def fit(rows: Sequence[float], errors: Sequence[float]) -> Law:
    """The law of least squared error; where errors do not fall, their mean for ever."""
    least = min(errors)
    flat = Law(0.0, 1.0, math.fsum(errors) / len(errors))
    laws = [flat, *(law for step in range(GRID) if (law := _line(rows, errors, least * step / GRID)))]
    return min(laws, key=lambda law: _missed(law, rows, errors))


def _line(rows: Sequence[float], errors: Sequence[float], floor: float) -> Law | None:
    """The law with the floor c, by least squares in logarithms; None where no line falls."""
    if min(errors) <= floor:
        return None
    xs, ys = [math.log(n) for n in rows], [math.log(error - floor) for error in errors]
    x, y = math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)
    slope = math.fsum((u - x) * (v - y) for u, v in zip(xs, ys, strict=True)) / math.fsum((u - x) ** 2 for u in xs)
    return Law(math.exp(y - slope * x), -slope, floor) if slope < 0 else None


def _missed(law: Law, rows: Sequence[float], errors: Sequence[float]) -> float:
    return math.fsum((law.error(n) - error) ** 2 for n, error in zip(rows, errors, strict=True))
