"""Units: what is tied together, directly or through others, has one root, the least of its members.

>>> ties = Ties(5)
>>> ties.tie([4, 3], [3, 1])
>>> ties.roots().tolist()
[0, 1, 2, 1, 1]
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from registry.mending.draw import Ints


class Ties:
    """A forest over the numbers below `count` (union-find with path halving: Tarjan 1975)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, one: int) -> int:
        """The least number that `one` is tied to."""
        parent = self._parent
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def tie(self, ones: Iterable[int], others: Iterable[int]) -> None:
        """Ties each of `ones` to its partner in `others`."""
        for one, other in zip(ones, others, strict=True):
            a, b = self.root(one), self.root(other)
            if a != b:
                self._parent[max(a, b)] = min(a, b)

    def tie_equal(self, members: Ints, keys: Ints) -> None:
        """Ties members whose `keys` (one row of numbers each) are equal."""
        if not len(members):
            return
        order = np.lexsort(keys.T)
        same = (keys[order[1:]] == keys[order[:-1]]).all(axis=1)
        one, other = members[order[1:]][same], members[order[:-1]][same]
        apart = one != other
        self.tie(one[apart].tolist(), other[apart].tolist())

    def roots(self) -> Ints:
        """The root of every number."""
        return np.fromiter((self.root(one) for one in range(len(self._parent))), np.int64, len(self._parent))
