"""A store in an S3 bucket, through s3fs: the only module that knows it.

s3fs gives the session (profiles, environment, event loop); the requests are S3's own,
so that a conditional write is `If-None-Match` or `If-Match` and an answer is read by
its code, not by the class that a client library made of it. Every body that is sent
carries its sha256, every listing is fresh.

>>> from registry.stores import StoreOptions
>>> S3Store.at("s3://bucket/data sets", StoreOptions(endpoint_url="http://127.0.0.1:9")).url
's3://bucket/data sets'
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from registry.errors import ConfigError, MissingExtraError, NotFoundError, RegistryError, StoreError
from registry.stores.answers import explain
from registry.stores.base import CHUNK, ObjectInfo, check_key, exactly, whole

if TYPE_CHECKING:
    from registry.stores import StoreOptions

PART = 16 * 1024 * 1024  # bytes; above it an object is sent in parts
MAX_PARTS = 9_000  # S3 allows 10,000
PAGE = 1000  # keys of one answer, the most that S3 gives
IN_FLIGHT = 4  # parts of one object sent at once
TRIES = 4  # for what S3 asks to repeat: 409, too many requests, a body cut short or changed on its way
PAUSE = 0.1  # seconds before the second try, doubled before each later one
DELETED = 204  # how S3 answers a delete; anything that answers anything says 200
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]\Z")
AWRY = re.compile(r"[\\\x00-\x1f\x7f]")
MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
LOST = frozenset({"PreconditionFailed", "412"})
AGAIN = frozenset({"ConditionalRequestConflict", "409", "OperationAborted", "BadDigest", "TooManyRequests", "429"})


class S3Store:
    """A prefix of a bucket as a `Store`. Nothing is asked of the network before the first operation.

    `filesystem` is an s3fs file system to share; without one it is made from `options`.
    """

    def __init__(self, bucket: str, prefix: str, options: StoreOptions, filesystem: Any = None) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self.concurrency = 16
        self._options = options
        self._filesystem = filesystem

    @classmethod
    def at(cls, url: str, options: StoreOptions) -> S3Store:
        """The store at `s3://bucket/prefix`; `ConfigError` for another form, which is not echoed."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        prefix = prefix.strip("/")
        hint = "registry list --store s3://bucket/datasets"
        if not url.startswith("s3://") or not BUCKET.match(bucket):
            why = "credentials come from the environment or AWS profiles, never from the address"
            raise ConfigError("the address of the S3 store is not s3://BUCKET/PREFIX", why=why, hint=hint)
        # NOTE: servers and clients tidy such keys, each in its own way, so that what was written is not found again.
        if prefix and (AWRY.search(prefix) or any(part in ("", ".", "..") for part in prefix.split("/"))):
            why = "it has no empty, `.` or `..` segment, no backslash and no control character"
            raise ConfigError("the prefix of the S3 store is not one that every server keeps", why=why, hint=hint)
        return cls(bucket, prefix, options)

    def read(self, key: str) -> bytes:
        """All bytes of one object."""
        return whole(self.url, key, self.stream(key))

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """All bytes, and their ETag."""
        body = _Body(self, key, 0, None)
        data = whole(self.url, key, body)
        return data, body.etag

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, at most `length` of them, in chunks of at most 4 MiB."""
        yield from _Body(self, key, start, length)

    def size(self, key: str) -> int | None:
        """Size in bytes, or None where there is no such object."""
        try:
            answer = self.ask("head_object", key)
        except NotFoundError:
            return None
        self.tag_of(answer, key)
        return int(answer["ContentLength"])

    def create(self, key: str, data: bytes) -> bool:
        """Writes an object that must not exist; False where it does."""
        return self._put(key, data, IfNoneMatch="*")

    def create_stream(self, key: str, chunks: Iterable[bytes], size: int) -> bool:
        """As `create`, from chunks; over 16 MiB in parts, which vanish if `chunks` raises."""
        pieces = exactly(chunks, size, key)
        if size <= PART:
            return self.create(key, b"".join(pieces))
        if self.size(key) is not None:
            return False
        return _Multipart(self, key).send(_regroup(pieces, max(PART, -(-size // MAX_PARTS))))

    def swap(self, key: str, data: bytes, tag: str | None) -> bool:
        """Writes only if the object still has `tag` (None: must not exist)."""
        if tag is None:
            return self.create(key, data)
        try:
            return self._put(key, data, IfMatch=tag)
        except NotFoundError:
            return False  # AWS answers 404 where the object is gone, others 412

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key begins with `prefix`, sorted by key, never from a cache."""
        # NOTE: AWS lists in order of key, others do not (seaweedfs walks folder by folder).
        yield from sorted(self._pages(prefix), key=lambda found: found.key)

    def _pages(self, prefix: str) -> Iterator[ObjectInfo]:
        token: dict[str, str] = {}
        while True:
            page = self.ask("list_objects_v2", None, Prefix=self.prefix + prefix, MaxKeys=PAGE, **token)
            if "Name" not in page:
                raise self.stranger("its listing")
            for entry in page.get("Contents", ()):
                yield ObjectInfo(entry["Key"][len(self.prefix) :], int(entry["Size"]))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, key: str, tag: str | None = None) -> bool:
        """Removes an object (only in the state `tag`, if given)."""
        if self.size(key) is None:
            return False
        try:
            answer = self.ask("delete_object", key, **({"IfMatch": tag} if tag is not None else {}))
        except (_LostError, NotFoundError):
            return False
        if answer["ResponseMetadata"]["HTTPStatusCode"] != DELETED and self.size(key) is not None:
            raise self.stranger(key)
        return True

    def flush(self) -> None:
        """Nothing to do: S3 answers once an object is durable."""

    def _put(self, key: str, data: bytes, **condition: str) -> bool:
        try:
            answer = self.ask("put_object", key, Body=data, ChecksumSHA256=_checksum(data), **condition)
        except _LostError:
            return False
        self.tag_of(answer, key)
        return True

    def tag_of(self, answer: Any, key: str) -> str:
        """The ETag of an answer. One without was given by something between us and S3, and says nothing."""
        if "ETag" not in answer:
            raise self.stranger(key)
        return str(answer["ETag"])

    def stranger(self, what: str) -> StoreError:
        """The error for an answer that is none of S3."""
        return StoreError(
            f"the store {self.url} failed at {what}",
            why="the answer is none of S3: something on the way to it gave it",
            hint="check the address ([s3] endpoint-url, AWS_ENDPOINT_URL), a proxy, or the login of the network",
        )

    def ask(self, operation: str, key: str | None, **arguments: Any) -> Any:
        """The answer of one S3 operation on `key` (None: on the bucket)."""
        if key is not None:
            arguments["Key"] = self.prefix + check_key(key)
        for left in reversed(range(TRIES)):
            try:
                return self.run(self._request, operation, arguments)
            except Exception as error:
                if _code(error) not in AGAIN or not left:
                    raise self.failed(key, error) from error
                time.sleep(PAUSE * 2 ** (TRIES - 1 - left))
        raise AssertionError("unreachable")

    async def _request(self, operation: str, arguments: dict[str, Any]) -> Any:
        client = await self.filesystem.set_session()
        return await getattr(client, operation)(Bucket=self.bucket, **arguments)

    def start(self, operation: str, key: str, **arguments: Any) -> Future[Any]:
        """As `ask`, without waiting; errors are the client's."""
        arguments["Key"] = self.prefix + check_key(key)
        return asyncio.run_coroutine_threadsafe(self._request(operation, arguments), self.filesystem.loop)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The result of an async `function`, on the loop of s3fs."""
        from fsspec.asyn import sync

        return sync(self.filesystem.loop, function, *arguments)

    @property
    def filesystem(self) -> Any:
        """The s3fs file system, made at first use."""
        if self._filesystem is None:
            self._filesystem = _connect(self._options)
        return self._filesystem

    def failed(self, key: str | None, error: BaseException) -> RegistryError:
        """What an error of the client means here; its text may hold secrets, so only its kind is told."""
        if isinstance(error, RegistryError):
            return error
        code = _code(error)
        place = f"{self.url}/{key}" if key else self.url
        if code in LOST:
            return _LostError(f"{place} is not in the expected state")
        if code in MISSING and key is not None:
            return NotFoundError(f"the store {self.url} holds no {key}", hint="registry list", key=key)
        refused, why, hint = explain(code, type(error).__name__)
        return refused(f"the store {self.url} failed at {key or 'its listing'}", why=why, hint=hint, key=key)


class _LostError(StoreError):
    """The condition of a write did not hold."""


class _Body:
    """The bytes of one object; a connection that breaks is taken up where it broke, of the same object state."""

    def __init__(self, store: S3Store, key: str, start: int, length: int | None) -> None:
        self.store, self.key, self.etag = store, key, ""
        self.at = start
        self.end = None if length is None else start + length

    def __iter__(self) -> Iterator[bytes]:
        broken = 0
        while self.end is None or self.at < self.end:
            try:
                yield from self._once()
                return
            except _BrokenError as error:
                broken += 1
                if broken == TRIES:
                    raise self.store.failed(self.key, error.__cause__ or error) from error

    def _once(self) -> Iterator[bytes]:
        body = self._open()
        if body is None:
            return
        try:
            while chunk := self._take(body):
                self.at += len(chunk)
                yield chunk
        finally:
            body.close()

    def _take(self, body: Any) -> bytes:
        try:
            return bytes(self.store.run(_collect, body))
        except Exception as error:
            raise _BrokenError from error

    def _open(self) -> Any:
        arguments: dict[str, str] = {"IfMatch": self.etag} if self.etag else {}
        if self.at or self.end is not None:
            arguments["Range"] = f"bytes={self.at}-" + (str(self.end - 1) if self.end is not None else "")
        try:
            answer = self.store.ask("get_object", self.key, **arguments)
        except StoreError as error:
            if _code(error.__cause__) in ("InvalidRange", "416"):
                return None  # nothing lies behind the end
            raise
        self.etag = self.store.tag_of(answer, self.key)
        return answer["Body"]


class _BrokenError(Exception):
    """A body ended early."""


async def _collect(body: Any) -> bytearray:
    # NOTE: one crossing between threads for 4 MiB; the client's own reads are far smaller.
    data = bytearray()
    while len(data) < CHUNK and (piece := await body.read(CHUNK - len(data))):
        data += piece
    return data


class _Multipart:
    """One object sent in parts; create-only at its completion."""

    def __init__(self, store: S3Store, key: str) -> None:
        self.store, self.key = store, key
        self.parts: list[dict[str, Any]] = []
        self.flying: deque[tuple[Future[Any], dict[str, Any]]] = deque()

    def send(self, pieces: Iterable[bytes]) -> bool:
        """False where the object came to exist meanwhile."""
        upload = self.store.ask("create_multipart_upload", self.key, ChecksumAlgorithm="SHA256")["UploadId"]
        try:
            for number, piece in enumerate(pieces, 1):
                self._launch(upload, number, piece)
            while self.flying:
                self._land()
            done = {"MultipartUpload": {"Parts": self.parts}}
            self.store.ask("complete_multipart_upload", self.key, UploadId=upload, IfNoneMatch="*", **done)
        except BaseException as error:
            self._abort(upload, error)
            if isinstance(error, _LostError):
                return False
            raise
        return True

    def _launch(self, upload: str, number: int, piece: bytes) -> None:
        if len(self.flying) == IN_FLIGHT:
            self._land()
        part = {"PartNumber": number, "ChecksumSHA256": _checksum(piece)}
        self.flying.append((self.store.start("upload_part", self.key, UploadId=upload, Body=piece, **part), part))

    def _land(self) -> None:
        future, part = self.flying.popleft()
        try:
            self.parts.append({**part, "ETag": future.result()["ETag"]})
        except Exception as error:
            raise self.store.failed(self.key, error) from error

    def _abort(self, upload: str, error: BaseException) -> None:
        for future, _ in self.flying:
            future.cancel()
        try:
            self.store.ask("abort_multipart_upload", self.key, UploadId=upload)
        except RegistryError as failure:
            error.add_note(f"the unfinished upload was not removed: {failure}")


def _regroup(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`, the last one shorter."""
    piece = bytearray()
    for chunk in chunks:
        piece += chunk
        while len(piece) >= size:
            yield bytes(piece[:size])
            del piece[:size]
    if piece:
        yield bytes(piece)


def _checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _code(error: BaseException | None) -> str:
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _connect(options: StoreOptions) -> Any:
    try:
        from s3fs import S3FileSystem
    except ImportError as error:
        raise MissingExtraError("s3:// needs s3fs", hint="pip install s3fs") from error
    config = {
        "connect_timeout": 3,  # seconds
        "read_timeout": options.timeout,
        "max_pool_connections": 32,
        "retries": {"total_max_attempts": 3, "mode": "standard"},
        # Every byte is hashed by whoever reads it; the client need not do so again.
        "response_checksum_validation": "when_required",
    }
    return S3FileSystem(
        endpoint_url=options.endpoint_url,
        anon=options.anonymous,
        config_kwargs=config,
        use_listings_cache=False,
        skip_instance_cache=True,
    )
