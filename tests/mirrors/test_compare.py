"""A tree compared with a commit: applying the difference gives the tree, whatever lay there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.consume.contents import Item
from registry.errors import ConfigError, IntegrityError
from registry.mirrors.compare import THEIRS, compare, git_oid, same
from registry.mirrors.hub import Entry, repository_name
from registry.model.digest import sha256_of

PATHS = st.sampled_from(["a.csv", "b.csv", "하위/c.csv", ".registry/x.json", ".gitattributes", "README.md"])
TREES = st.dictionaries(PATHS, st.binary(max_size=3))


def entry(path, data, apart):
    return Entry(path, len(data), git_oid(data if not apart else b"pointer"), sha256_of(data) if apart else None)


@given(TREES, TREES, st.sets(PATHS))
def test_applying_the_difference_gives_the_tree(wanted, there, apart):
    entries = {path: entry(path, data, path in apart) for path, data in there.items()}
    items = [Item.of(path, data) for path, data in wanted.items()]
    found = compare(items, entries, lambda item: [item.inline])
    assert found.removed == tuple(sorted(there.keys() - wanted.keys() - THEIRS))
    after = {path: data for path, data in there.items() if path not in found.removed}
    after |= {path: wanted[path] for path in found.sent}
    assert after == wanted | {path: data for path, data in there.items() if path in THEIRS and path not in wanted}
    assert bool(found) == (after != there)
    assert not set(found.added) & there.keys() and all(there[path] != wanted[path] for path in found.replaced)


def test_bytes_that_the_store_has_wrong_are_not_compared():
    item = Item("a.csv", 2, sha256_of(b"1\n"), "objects/x")
    with pytest.raises(IntegrityError):
        same(item, Entry("a.csv", 2, git_oid(b"2\n")), lambda _: [b"2\n"])


@pytest.mark.parametrize(
    "pattern", [None, "", "reviews", "a/b/c", "team/re views", "../x", "team/a--b", "team/{other}"]
)
def test_what_is_no_repository(pattern):
    with pytest.raises(ConfigError):
        repository_name(pattern, "reviews")
