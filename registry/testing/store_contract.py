"""What every store must do, as tests: subclass `StoreContract`, give a store, run pytest.

The raw methods read and write the place itself and bypass the class under test, so that
a store cannot pass by agreeing with its own mistakes.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self, tmp_path): ...
        def raw_write(self, store, key, data): ...
        def raw_read(self, store, key): ...
"""

# ruff: noqa: D102 - tests, whose names say what they prove
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from registry.errors import IntegrityError, InternalError, NotFoundError
from registry.stores.base import CHUNK, ObjectInfo, Store
from registry.stores.probe import probe

ODD_KEYS = (
    "files/md5/ab/cdef.dir",
    "releases/reviews/1.2.0-rc.1.json",
    "a b/c d",
    "데이터/학습 (1).csv",
    "plus+percent%20hash#question?amp&equals=",
    "tilde~quote'at@colon:comma,semi;",
    "…/ellipsis",
    "x" * 200 + "/" + "y" * 200,
    ".probe/hidden",
)
NOT_KEYS = ("", "/absolute", "a//b", "a/", "../up", "a/../b", "./a", "nul\0")
WRITERS = 8


class _StopError(Exception):
    """Raised out of chunks by the tests."""


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """The results of `work(0)` … `work(count - 1)`, all started at the same moment."""
    barrier = threading.Barrier(count)

    def one(index: int) -> Any:
        barrier.wait()
        return work(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


class StoreContract:
    """The contract of `registry.stores.base.Store`; a subclass gives the three members below."""

    LARGE = 33 * 1024 * 1024 + 7  # bytes; above the size that backends send in parts
    ROUNDS = 3  # of each race

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        """A fresh, empty store."""
        raise NotImplementedError

    def raw_write(self, store: Any, key: str, data: bytes) -> None:
        """Puts an object into the place without the class under test."""
        raise NotImplementedError

    def raw_read(self, store: Any, key: str) -> bytes | None:
        """The object as the place holds it, or None."""
        raise NotImplementedError

    # reading

    def test_reads_what_stands_there(self, store: Store) -> None:
        self.raw_write(store, "a/b", b"hello")
        assert store.read("a/b") == b"hello"
        assert store.size("a/b") == 5

    def test_missing_object_is_not_found(self, store: Store) -> None:
        for read in (store.read, store.read_tagged, lambda key: list(store.stream(key))):
            with pytest.raises(NotFoundError) as caught:
                read("no/such")
            assert "no/such" in str(caught.value)
        assert store.size("no/such") is None

    def test_prefix_of_a_key_is_no_object(self, store: Store) -> None:
        store.create("a/b/c", b"x")
        assert store.size("a/b") is None
        with pytest.raises(NotFoundError):
            store.read("a/b")

    def test_key_below_an_object_is_no_object(self, store: Store) -> None:
        store.create("a", b"x")
        assert store.size("a/b") is None
        with pytest.raises(NotFoundError):
            store.read("a/b")

    def test_streams_in_bounded_chunks(self, store: Store) -> None:
        data = bytes(range(256)) * (CHUNK // 128) + b"tail"
        self.raw_write(store, "big", data)
        chunks = list(store.stream("big"))
        assert b"".join(chunks) == data
        assert all(0 < len(chunk) <= CHUNK for chunk in chunks)

    @pytest.mark.parametrize(("start", "length"), [(0, 4), (3, 4), (3, None), (9, 100), (10, None), (10, 5), (2, 0)])
    def test_reads_ranges(self, store: Store, start: int, length: int | None) -> None:
        data = b"0123456789"
        self.raw_write(store, "r", data)
        expected = data[start:] if length is None else data[start : start + length]
        assert b"".join(store.stream("r", start, length)) == expected

    def test_range_across_chunks(self, store: Store) -> None:
        data = bytes(CHUNK) + b"x" * CHUNK
        self.raw_write(store, "r", data)
        assert b"".join(store.stream("r", CHUNK - 3, 6)) == b"\0\0\0xxx"

    def test_an_abandoned_stream_does_no_harm(self, store: Store) -> None:
        self.raw_write(store, "big", bytes(3 * CHUNK))
        stream = store.stream("big")
        assert len(next(iter(stream))) > 0
        del stream
        assert store.size("big") == 3 * CHUNK

    def test_parallel_reads_agree(self, store: Store) -> None:
        for index in range(WRITERS):
            self.raw_write(store, f"p/{index}", bytes([index]) * 1000)
        assert together(WRITERS, lambda i: store.read(f"p/{i}")) == [bytes([i]) * 1000 for i in range(WRITERS)]

    # creating

    def test_create_writes_once(self, store: Store) -> None:
        assert store.create("a/b", b"one") is True
        assert store.create("a/b", b"two") is False
        assert self.raw_read(store, "a/b") == b"one"

    def test_create_of_equal_bytes_is_false_too(self, store: Store) -> None:
        assert store.create("a", b"one")
        assert not store.create("a", b"one")

    def test_create_does_not_replace_a_foreign_object(self, store: Store) -> None:
        self.raw_write(store, "a", b"theirs")
        assert store.create("a", b"ours") is False
        assert store.create_stream("a", [b"ours"], 4) is False
        assert self.raw_read(store, "a") == b"theirs"

    def test_empty_object(self, store: Store) -> None:
        assert store.create("empty", b"")
        assert store.create_stream("empty2", [], 0)
        assert (store.read("empty"), store.size("empty"), store.size("empty2")) == (b"", 0, 0)
        assert list(store.stream("empty")) in ([], [b""])
        assert store.create("empty", b"x") is False

    @pytest.mark.parametrize("key", ODD_KEYS)
    def test_odd_keys(self, store: Store, key: str) -> None:
        assert store.create(key, b"odd")
        assert self.raw_read(store, key) == b"odd"
        assert store.read(key) == b"odd"
        assert [found.key for found in store.list(key[:5])] == [key]
        assert store.delete(key)
        assert store.size(key) is None

    @pytest.mark.parametrize("key", NOT_KEYS)
    def test_refuses_what_is_no_key(self, store: Store, key: str) -> None:
        for attempt in (
            lambda: store.create(key, b"x"),
            lambda: store.create_stream(key, [b"x"], 1),
            lambda: store.swap(key, b"x", None),
            lambda: store.read(key),
            lambda: store.size(key),
            lambda: store.delete(key),
        ):
            with pytest.raises(InternalError):
                attempt()

    def test_create_stream_joins_chunks(self, store: Store) -> None:
        assert store.create_stream("s", iter([b"ab", b"", b"cde"]), 5)
        assert self.raw_read(store, "s") == b"abcde"
        assert store.create_stream("s", [b"other"], 5) is False

    def test_large_stream(self, store: Store) -> None:
        chunk = bytes(range(256)) * 4096  # 1 MiB
        data = (chunk * (self.LARGE // len(chunk) + 1))[: self.LARGE]
        pieces = (data[i : i + CHUNK - 1] for i in range(0, len(data), CHUNK - 1))
        assert store.create_stream("large", pieces, len(data))
        assert self.raw_read(store, "large") == data
        assert store.create_stream("large", [data], len(data)) is False

    @pytest.mark.parametrize("announced", [10, LARGE])
    def test_failing_chunks_leave_nothing(self, store: Store, announced: int) -> None:
        def chunks() -> Iterator[bytes]:
            for _ in range(announced // (2 * CHUNK) + 1):
                yield b"x" * min(announced // 2, CHUNK)
            raise _StopError

        with pytest.raises(_StopError):
            store.create_stream("broken", chunks(), announced)
        assert self.raw_read(store, "broken") is None
        assert list(store.list("")) == []
        assert store.create("broken", b"whole")

    @pytest.mark.parametrize("size", [4, 6])
    def test_another_size_leaves_nothing(self, store: Store, size: int) -> None:
        with pytest.raises(IntegrityError):
            store.create_stream("sized", [b"12", b"345"], size)
        assert self.raw_read(store, "sized") is None

    def test_racing_creates_have_one_winner(self, store: Store) -> None:
        for round_ in range(self.ROUNDS):
            key = f"race/{round_}"
            won = together(WRITERS, partial(self._create, store, key))
            assert won.count(True) == 1
            assert self.raw_read(store, key) == b"writer %d" % won.index(True)

    def test_racing_streams_have_one_winner(self, store: Store) -> None:
        won = together(WRITERS, lambda i: store.create_stream("race", [b"%d" % i, b"!"], 2))
        assert won.count(True) == 1
        assert self.raw_read(store, "race") == b"%d!" % won.index(True)

    def _create(self, store: Store, key: str, writer: int) -> bool:
        return store.create(key, b"writer %d" % writer)

    # compare-and-swap

    def test_swap_replaces_the_known_state(self, store: Store) -> None:
        store.create("s", b"one")
        data, tag = store.read_tagged("s")
        assert data == b"one"
        assert store.swap("s", b"two", tag) is True
        assert self.raw_read(store, "s") == b"two"

    def test_swap_refuses_a_stale_tag(self, store: Store) -> None:
        store.create("s", b"one")
        _, tag = store.read_tagged("s")
        self.raw_write(store, "s", b"theirs")
        assert store.swap("s", b"ours", tag) is False
        assert self.raw_read(store, "s") == b"theirs"

    def test_swap_without_tag_creates(self, store: Store) -> None:
        assert store.swap("s", b"one", None) is True
        assert store.swap("s", b"two", None) is False
        assert self.raw_read(store, "s") == b"one"

    def test_swap_of_a_removed_object_is_refused(self, store: Store) -> None:
        store.create("s", b"one")
        _, tag = store.read_tagged("s")
        assert store.delete("s")
        assert store.swap("s", b"two", tag) is False
        assert self.raw_read(store, "s") is None

    def test_racing_swaps_have_one_winner(self, store: Store) -> None:
        for round_ in range(self.ROUNDS):
            key = f"swap/{round_}"
            store.create(key, b"start")
            _, tag = store.read_tagged(key)
            won = together(WRITERS, partial(self._swap, store, key, tag))
            assert won.count(True) == 1
            assert self.raw_read(store, key) == b"writer %d" % won.index(True)

    def _swap(self, store: Store, key: str, tag: str, writer: int) -> bool:
        return store.swap(key, b"writer %d" % writer, tag)

    def test_no_increment_is_lost(self, store: Store) -> None:
        store.create("counter", b"0")

        def increment(_: int) -> None:
            for _ in range(self.ROUNDS):
                while True:
                    value, tag = store.read_tagged("counter")
                    if store.swap("counter", b"%d" % (int(value) + 1), tag):
                        break

        together(4, increment)
        assert self.raw_read(store, "counter") == b"%d" % (4 * self.ROUNDS)

    # listing

    def test_lists_by_prefix_in_order(self, store: Store) -> None:
        keys = ["b", "a/z", "a.txt", "a/b/c", "a0", "가", "a/B"]
        for key in keys:
            store.create(key, key.encode())
        assert list(store.list("")) == [ObjectInfo(key, len(key.encode())) for key in sorted(keys)]
        assert [found.key for found in store.list("a/")] == ["a/B", "a/b/c", "a/z"]
        assert [found.key for found in store.list("a/b")] == ["a/b/c"]
        assert [found.key for found in store.list("a")] == ["a.txt", "a/B", "a/b/c", "a/z", "a0"]
        assert list(store.list("none/")) == []

    def test_listing_is_fresh(self, store: Store) -> None:
        assert list(store.list("x/")) == []
        store.create("x/1", b"")
        assert [found.key for found in store.list("x/")] == ["x/1"]
        self.raw_write(store, "x/2", b"")
        assert [found.key for found in store.list("x/")] == ["x/1", "x/2"]
        store.delete("x/1")
        assert [found.key for found in store.list("x/")] == ["x/2"]

    def test_lists_many(self, store: Store) -> None:
        keys = [f"many/{index:03}" for index in range(120)]
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda key: store.create(key, b"x"), keys))
        assert [found.key for found in store.list("many/")] == keys

    # deleting

    def test_delete_removes(self, store: Store) -> None:
        store.create("d", b"x")
        assert store.delete("d") is True
        assert self.raw_read(store, "d") is None
        assert store.delete("d") is False

    def test_delete_with_tag(self, store: Store) -> None:
        store.create("d", b"x")
        _, tag = store.read_tagged("d")
        assert store.delete("d", tag) is True
        assert self.raw_read(store, "d") is None

    def test_delete_with_stale_tag_removes_nothing(self, store: Store) -> None:
        store.create("d", b"one")
        _, tag = store.read_tagged("d")
        assert store.swap("d", b"two", tag)
        assert store.delete("d", tag) is False
        assert self.raw_read(store, "d") == b"two"

    def test_a_deleted_key_can_be_created_again(self, store: Store) -> None:
        store.create("d", b"one")
        store.delete("d")
        assert store.create("d", b"two") is True
        assert self.raw_read(store, "d") == b"two"

    # as a whole

    def test_flush_returns(self, store: Store) -> None:
        store.create_stream("f", [b"x"], 1)
        store.flush()
        assert self.raw_read(store, "f") == b"x"

    def test_says_where_it_is(self, store: Store) -> None:
        assert isinstance(store, Store)
        assert store.url.partition(":")[1] == ":"
        assert store.concurrency >= 1

    def test_passes_the_probe(self, store: Store) -> None:
        assert probe(store).sound
        assert list(store.list("")) == []
