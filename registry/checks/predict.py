"""How well one column alone predicts the label, on rows it was not fitted on.

Rows fall into five folds by a hash; each fold is predicted by what the other four say. Four ways
of reading a column are tried, each too simple to learn a task: the label that goes with the
value, with the text before its first digit, with the class named in the text, and, of numbers, a tree
of thresholds (CART, Breiman et al. 1984). The score is balanced accuracy: the mean over
classes of the share predicted right, 1 / classes for a column that says nothing. A key whose
every value is new predicts nothing, unless its order or its prefix gives the label away.

>>> import numpy as np
>>> labels = np.arange(200) % 2
>>> ids = [f"{'neg' if label else 'pos'}-{i:03}" for i, label in enumerate(labels)]
>>> best(score_texts(ids, labels, np.arange(200) % 5, ("0", "1")))
('prefix', 1.0)
>>> best(score_texts([str(i) for i in range(200)], labels, np.arange(200) // 40, ("x", "y")))
('value', 0.5)
>>> score_numbers(np.arange(200.0) + labels * 900, labels, np.arange(200) % 3)
{'threshold': 1.0}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

FOLDS = 5
LEAVES = 16  # of a tree of thresholds at least; twice the classes where that is more


def best(scores: Mapping[str, float]) -> tuple[str, float]:
    """The way of reading that predicts best, and its score; of equals the first."""
    return max(scores.items(), key=lambda item: item[1])


def score_texts(texts: Sequence[str | None], labels: Ints, folds: Ints, names: Sequence[str]) -> dict[str, float]:
    """Scores by value, by prefix and by the class named; `names` are the classes that `labels` number."""
    prefixes = [text if text is None else re.match(r"\D*", text)[0] for text in texts]  # type: ignore[index]
    scores = {
        "value": score_codes(_codes(texts), labels, folds),
        "prefix": score_codes(_codes(prefixes), labels, folds),
    }
    if all(len(name) > 1 for name in names):
        scores["names the label"] = score_codes(_codes(_named(texts, names)), labels, folds)
    return scores


def _named(texts: Sequence[str | None], names: Sequence[str]) -> list[str | None]:
    """The only class whose name stands in each text, or None."""
    wanted = [name.casefold() for name in names]
    found: list[str | None] = []
    for text in texts:
        inside = [name for name in wanted if name in text.casefold()] if text else []
        found.append(inside[0] if len(inside) == 1 else None)
    return found


def _codes(values: Sequence[str | None]) -> Ints:
    places: dict[str | None, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values], np.int64)


def score_codes(codes: Ints, labels: Ints, folds: Ints) -> float:
    """Balanced accuracy of the class that is most frequent, for its size, among rows of the same code elsewhere."""
    classes, width = int(labels.max()) + 1, int(codes.max()) + 1
    right = np.zeros(classes)
    for fold in range(FOLDS):
        fit, held = folds != fold, folds == fold
        weights = _weights(labels[fit], classes)
        table = np.bincount(codes[fit] * classes + labels[fit], minlength=width * classes).reshape(width, classes)
        seen = table.sum(axis=1) > 0
        guess = np.where(seen, (table * weights).argmax(axis=1), int(np.bincount(labels[fit]).argmax()))
        right += np.bincount(labels[held][guess[codes[held]] == labels[held]], minlength=classes)
    return _balanced(right, labels, classes)


def score_numbers(values: Floats, labels: Ints, folds: Ints) -> dict[str, float]:
    """Score of a tree of thresholds; NaN is a number below all others."""
    classes = int(labels.max()) + 1
    values = np.where(np.isnan(values), -np.inf, values)
    right = np.zeros(classes)
    for fold in range(FOLDS):
        fit, held = folds != fold, folds == fold
        cuts, guesses = tree(values[fit], labels[fit], classes)
        guess = guesses[np.searchsorted(cuts, values[held], "right")]
        right += np.bincount(labels[held][guess == labels[held]], minlength=classes)
    return {"threshold": _balanced(right, labels, classes)}


def _weights(labels: Ints, classes: int) -> Floats:
    return 1 / np.maximum(np.bincount(labels, minlength=classes), 1)


def _balanced(right: Floats, labels: Ints, classes: int) -> float:
    sizes = np.bincount(labels, minlength=classes)
    return float(np.mean(right[sizes > 0] / sizes[sizes > 0]))


def tree(values: Floats, labels: Ints, classes: int) -> tuple[Floats, Ints]:
    """Thresholds in order, midway between values, and the class between each two; the purest split is made first.

    Purity is Gini's, with classes weighted to equal size; at most `LEAVES` leaves, or two a class.

    >>> tree(np.array([1.0, 2, 8, 9]), np.array([0, 0, 1, 1]), 2)
    (array([5.]), array([0, 1]))
    """
    order = np.argsort(values, kind="stable")
    values = values[order]
    mass = np.zeros((len(values) + 1, classes))
    np.cumsum(np.eye(classes)[labels[order]] * _weights(labels, classes), axis=0, out=mass[1:])
    leaves = {(0, len(values)): _split(values, mass, 0, len(values))}
    while len(leaves) < max(LEAVES, 2 * classes):
        (low, high), (gain, at) = max(leaves.items(), key=lambda leaf: (leaf[1][0], -leaf[0][0]))
        if gain <= 1e-12:
            break
        del leaves[(low, high)]
        leaves[(low, at)], leaves[(at, high)] = _split(values, mass, low, at), _split(values, mass, at, high)
    bounds = sorted(leaves)
    above, below = (values[[low - step for low, _ in bounds[1:]]] for step in (0, 1))
    cuts = np.where(np.isinf(below), -np.finfo(np.float64).max, below / 2 + above / 2)
    return cuts, np.array([(mass[high] - mass[low]).argmax() for low, high in bounds], np.int64)


def _split(values: Floats, mass: Floats, low: int, high: int) -> tuple[float, int]:
    """The gain of the best threshold within a leaf, and its place."""
    at = np.flatnonzero(values[low + 1 : high] > values[low : high - 1]) + low + 1
    if not len(at):
        return 0.0, low
    left, right, whole = mass[at] - mass[low], mass[high] - mass[at], mass[high] - mass[low]
    gain = _pure(left) + _pure(right) - _pure(whole[None, :])[0]
    chosen = int(gain.argmax())
    return float(gain[chosen]), int(at[chosen])


def _pure(mass: Floats) -> Floats:
    total = mass.sum(axis=1)
    found: Floats = (mass * mass).sum(axis=1) / np.maximum(total, 1e-300)
    return found
