"""The same S3 store through obstore, where that is installed: the only module that knows it.

It takes over what is done often (reading, listing, conditional writes of one piece),
several times faster than s3fs and without importing it. Whatever it cannot do, or cannot
explain, is done by the store that it extends: parts of large objects, odd keys, and
every failure, so that errors read the same; and deletes, which obstore sends as a list in
a body that a server may take unverified: one wrong bit there removes another object.

>>> from registry.stores import StoreOptions
>>> FastStore.at("s3://bucket/data", StoreOptions(endpoint_url="http://127.0.0.1:9")).url
's3://bucket/data'
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from registry.errors import StoreError
from registry.stores.base import CHUNK, LONGEST, ObjectInfo, check_key, too_long
from registry.stores.s3 import S3Store

if TYPE_CHECKING:
    from registry.stores import StoreOptions

PLAIN = re.compile(r"[A-Za-z0-9._/=-]*\Z")  # obstore writes other characters otherwise than S3 has them
PIECE = 1024 * 1024  # bytes; the least that is handed on at once
T = TypeVar("T")


def usable(options: StoreOptions) -> bool:
    """Whether obstore is installed and would find the credentials: those of the environment, or none."""
    keys = "AWS_ACCESS_KEY_ID" in os.environ and "AWS_SECRET_ACCESS_KEY" in os.environ
    named = "AWS_PROFILE" in os.environ
    return (options.anonymous or (keys and not named)) and find_spec("obstore") is not None


class FastStore(S3Store):
    """A prefix of a bucket as a `Store`, through obstore."""

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """All bytes, and their ETag."""

        def read(path: str) -> tuple[bytes, str]:
            answer = self._obs.get(self._place, path)
            if int(answer.meta["size"]) > LONGEST:
                raise too_long(self.url, key)
            return bytes(answer.bytes()), self._tag(answer.meta)

        return self._fast(key, read, super().read_tagged)

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, at most `length` of them, in chunks of at most 4 MiB."""
        done = 0
        if length != 0 and self._is_plain(key):
            try:
                for chunk in self._chunks(key, start, length):
                    yield chunk
                    done += len(chunk)
                return
            except self._failures:
                pass  # s3fs goes on where it broke, or says why it cannot
            if length is not None and done >= length:
                return
        yield from super().stream(key, start + done, None if length is None else length - done)

    def _chunks(self, key: str, start: int, length: int | None) -> Iterator[bytes]:
        ranged: dict[str, Any] = {}
        if length is not None:
            ranged = {"range": (start, start + length)}
        elif start:
            ranged = {"range": {"offset": start}}
        answer = self._obs.get(self._place, self.prefix + check_key(key), options=ranged)
        self._tag(answer.meta)
        for piece in answer.stream(min_chunk_size=PIECE):
            data = bytes(piece)
            for at in range(0, len(data), CHUNK):
                yield data[at : at + CHUNK]

    def size(self, key: str) -> int | None:
        """Size in bytes, or None where there is no such object."""

        def head(path: str) -> int | None:
            try:
                meta = self._obs.head(self._place, path)
            except FileNotFoundError:
                return None
            self._tag(meta)
            return int(meta["size"])

        return self._fast(key, head, super().size)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key begins with `prefix`, sorted by key, never from a cache."""
        folder = self.prefix + prefix.rpartition("/")[0]
        if not PLAIN.match(folder):
            yield from super().list(prefix)
            return
        try:
            pages = self._obs.list(self._place, folder.rstrip("/") or None)
            found = [(str(meta["path"]), int(meta["size"])) for page in pages for meta in page]
        except self._failures:
            yield from super().list(prefix)
            return
        keys = ((path[len(self.prefix) :], size) for path, size in found if path.startswith(self.prefix + prefix))
        yield from (ObjectInfo(key, size) for key, size in sorted(keys))

    def _put(self, key: str, data: bytes, **condition: str) -> bool:
        mode: Any = {"e_tag": condition["IfMatch"]} if "IfMatch" in condition else "create"

        def put(path: str) -> bool:
            lost = (self._obs.exceptions.AlreadyExistsError, self._obs.exceptions.PreconditionError)
            try:
                self._obs.put(self._place, path, data, mode=mode, use_multipart=False)
            except lost:
                return False
            return True

        slow = super()._put
        return self._fast(key, put, lambda key: slow(key, data, **condition))

    def _tag(self, meta: Any) -> str:
        if not meta.get("e_tag"):
            raise OSError(errno.EPROTO, "no answer of S3")  # s3fs asks again, and says so
        return str(meta["e_tag"])

    def _fast(self, key: str, fast: Callable[[str], T], slow: Callable[[str], T]) -> T:
        """`fast` with the object's full path; `slow` with its key where obstore cannot."""
        if self._is_plain(key):
            try:
                return fast(self.prefix + check_key(key))
            except self._failures:
                pass  # NOTE: an answer that was lost may have been a success; who writes compares what stands then
        return slow(key)

    def _is_plain(self, key: str) -> bool:
        return PLAIN.match(self.prefix + key) is not None

    @cached_property
    def _failures(self) -> tuple[type[Exception], ...]:
        # OSError: what is missing is a FileNotFoundError, whether it is the object or the bucket.
        return (self._obs.exceptions.BaseError, OSError)

    @cached_property
    def _obs(self) -> Any:
        import obstore

        return obstore

    @cached_property
    def _place(self) -> Any:
        from obstore.store import S3Store as Place

        endpoint = self._options.endpoint_url or os.environ.get(
            "AWS_ENDPOINT_URL_S3", os.environ.get("AWS_ENDPOINT_URL")
        )
        region = os.environ.get("AWS_REGION", os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))
        settings: dict[str, Any] = {"region": region, "checksum_algorithm": "SHA256"}
        if endpoint:
            settings |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        if self._options.anonymous:
            settings["skip_signature"] = True
        try:
            return Place(
                self.bucket,
                **settings,
                client_options={
                    "allow_http": True,
                    "connect_timeout": timedelta(seconds=3),
                    "read_timeout": timedelta(seconds=self._options.timeout),
                    "timeout": timedelta(hours=6),  # of a whole body, however large
                },
                retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
            )
        except Exception as error:
            raise StoreError(f"the store {self.url} cannot be opened", why=type(error).__name__) from error
