"""A store that any web server serves, read-only, through urllib3: the only module that knows it.

A server that serves files is enough: what S3 lists is found by the index and by asking for
the next number. Answers are not believed: a page in the place of an object, a part that
begins elsewhere, an endless document and a way to another host are errors.

>>> from registry.stores import StoreOptions
>>> WebStore.at("https://data.example.org/team/", StoreOptions()).url
'https://data.example.org/team'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from registry.errors import ConfigError, IntegrityError, NotFoundError, StoreError
from registry.stores.base import CHUNK, LONGEST, ObjectInfo, ReadOnly, check_key, too_long
from registry.stores.index import INDEX_KEY, parse_index

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from registry.stores import StoreOptions

TRIES = 3  # for one body
HOPS = 5  # redirects
ENTRIES = 1000  # of the log of one version; a server that claims to have more has whatever it is asked for
HASHED = ("files/", "objects/")  # whose bytes are hashed by whoever asks for them: they may come from anywhere
ASK_AGAIN = (429, 500, 502, 503, 504)
PAGE = "it answers with a page instead of the object"
PORTS = {"http": 80, "https": 443}
_PART = re.compile(r"bytes (\d+)-\d+/(\d+|\*)\Z")
_EMPTY = re.compile(r"bytes \*/(\d+)\Z")


class WebStore(ReadOnly):
    """A place on the web as a `Store`. Nothing is asked of the network before the first operation."""

    def __init__(self, url: str, options: StoreOptions) -> None:
        self.url = url
        self.concurrency = 16
        self._options = options

    @classmethod
    def at(cls, url: str, options: StoreOptions) -> WebStore:
        """The store at `https://host/path`; `ConfigError` for another form, which is not echoed."""
        try:
            parts = urlsplit(url)
            sound = parts.scheme in PORTS and parts.hostname and parts.port != 0
        except ValueError:
            sound = False
        if not sound or parts.username is not None or parts.query or parts.fragment or ".." in parts.path.split("/"):
            raise ConfigError(
                "the address of the store is not https://HOST/PATH",
                why="it has no user, no password and no `?`: what is served this way is public",
                hint="registry list --store https://data.example.org/datasets",
            )
        return cls(url.rstrip("/"), options)

    def read(self, key: str) -> bytes:
        """All bytes of one object."""
        return b"".join(self.stream(key))

    def read_tagged(self, key: str) -> tuple[bytes, str]:
        """All bytes; there is no tag, for nothing can be written."""
        return self.read(key), ""

    def stream(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, at most `length` of them, in chunks of at most 4 MiB."""
        import urllib3

        left, tries = LONGEST if length is None else length, 0
        while left > 0:
            try:
                for chunk in self._body(key, start, left):
                    yield chunk
                    start, left = start + len(chunk), left - len(chunk)
                if left > 0 or length is not None:
                    return
            except urllib3.exceptions.HTTPError as error:  # it broke off; the rest is asked for
                tries += 1
                if tries == TRIES:
                    raise self._failed(key, _reason(error)) from error
        if left <= 0 and length is None:
            raise too_long(self.url, key)

    def size(self, key: str) -> int | None:
        """Size in bytes, or None where there is no such object."""
        try:
            answer = self._ask(key, {"Range": "bytes=0-0"})
        except NotFoundError:
            return None
        try:
            if _is_page(answer):
                raise self._failed(key, PAGE)
            total = _EMPTY.match(_header(answer, "Content-Range")) if answer.status == 416 else None
            part = _PART.match(_header(answer, "Content-Range")) if answer.status == 206 else None
            size = total[1] if total else part[2] if part else _header(answer, "Content-Length")
        finally:
            answer.close()
        if not size.isdecimal():
            raise self._failed(key, "the server does not say how large it is")
        return int(size)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Releases as the index names them, and the entries of their standing; sizes are not known and 0.

        Channels cannot be listed, only read. Any other prefix raises `StoreError`.
        """
        if prefix.startswith("releases/"):
            found: Sequence[str] = [
                f"releases/{name}/{v}.json" for name, versions in self._index().items() for v in versions
            ]
        elif prefix.startswith("status/"):
            found = self._standings(prefix.split("/")[1])
        elif prefix.startswith("channels/"):
            found = []
        else:
            raise self._failed(prefix, "a web server lists nothing")
        yield from (ObjectInfo(key, 0) for key in sorted(found) if key.startswith(prefix))

    def _index(self) -> Mapping[str, Iterable[Any]]:
        try:
            return parse_index(self.read(INDEX_KEY))
        except (KeyError, TypeError, AttributeError) as error:
            raise IntegrityError(
                f"{INDEX_KEY} of {self.url} is broken",
                hint="ask whoever runs it: registry rebuild-index",
                key=INDEX_KEY,
            ) from error
        except NotFoundError as error:
            raise StoreError(
                f"there is no store at {self.url}",
                why=f"it has no {INDEX_KEY}",
                hint="ask whoever runs it: registry rebuild-index",
            ) from error

    def _standings(self, name: str) -> Sequence[str]:
        """The keys of the log of each version, which are numbered from 1: the next is asked for until one lacks."""

        def log(version: Any) -> Sequence[str]:
            keys = (f"status/{name}/{version}/{number:06}.json" for number in range(1, ENTRIES + 1))
            found = list(takewhile(lambda key: self.size(key) is not None, keys))
            if len(found) == ENTRIES:
                raise self._failed(found[-1], "the server has whatever it is asked for")
            return found

        versions = list(self._index().get(name, ()))
        with ThreadPoolExecutor(self.concurrency) as pool:
            return [key for keys in pool.map(log, versions) for key in keys]

    def _body(self, key: str, start: int, most: int) -> Iterator[bytes]:
        """At most `most` bytes from `start`, of one answer."""
        answer = self._ask(key, {"Range": f"bytes={start}-{start + most - 1}"} if start or most < LONGEST else {})
        if answer.status == 416:  # it ends before that
            answer.close()
            return
        try:
            skip = self._skip(key, answer, start)
            page = _is_page(answer)
            while most > 0 and (chunk := answer.read(min(CHUNK, skip + most))):
                if page and chunk.lstrip()[:1] == b"<":
                    raise self._failed(key, PAGE)
                page = page and not chunk.strip()
                chunk, skip = chunk[skip:], max(0, skip - len(chunk))
                most -= len(chunk)
                if chunk:
                    yield chunk
        finally:
            # What was read to its end goes back for the next request; anything else is cut off.
            (answer.release_conn if answer.length_remaining == 0 else answer.close)()

    def _skip(self, key: str, answer: BaseHTTPResponse, start: int) -> int:
        """How many bytes before `start` the answer begins with; all of them where the server knows no parts."""
        if answer.status == 206:
            part = _PART.match(_header(answer, "Content-Range"))
            if not part or int(part[1]) != start:
                raise self._failed(key, "the server answers with another part than was asked for")
            return 0
        return start if answer.status == 200 else 0

    def _ask(self, key: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """An answer of 200, 206 or 416."""
        import urllib3

        url = f"{self.url}/{quote(check_key(key))}"
        for _ in range(HOPS + 1):
            try:
                answer = self._pool.request(
                    "GET", url, headers={**headers, "Accept-Encoding": "identity", "Cache-Control": "no-cache"},
                    preload_content=False, decode_content=False, redirect=False,
                )  # fmt: skip
            except (urllib3.exceptions.HTTPError, UnicodeError) as error:
                raise self._failed(key, _reason(error)) from error
            target = answer.get_redirect_location()
            if not target:
                return self._accepted(key, answer)
            answer.close()
            try:
                url = self._followed(key, url, urljoin(url, target))
            except ValueError as error:
                raise self._failed(key, "the server leads to what is no address") from error
        raise self._failed(key, f"the server redirects more than {HOPS} times")

    def _accepted(self, key: str, answer: BaseHTTPResponse) -> BaseHTTPResponse:
        encoding = _header(answer, "Content-Encoding") or "identity"
        if answer.status in (200, 206) and encoding == "identity":
            return answer
        if answer.status == 416:
            return answer
        answer.close()
        if answer.status in (404, 410):
            raise NotFoundError(f"the store {self.url} holds no {key}", hint="registry list", key=key)
        if answer.status in (401, 403):
            raise self._failed(key, "the server refuses it without credentials, which are not sent")
        said = f"as {encoding[:40]}" if answer.status in (200, 206) else f"{answer.status}"
        raise self._failed(key, f"the server answered {said}")

    def _followed(self, key: str, url: str, target: str) -> str:
        """`target`, if the answer may come from there.

        Nobody leads from https to http. Objects may come from anywhere, for they are hashed;
        what else is read decides which ones, and comes from the host that was named.
        """
        here, there = urlsplit(url), urlsplit(target)
        same = (here.scheme, here.hostname, _port(here)) == (there.scheme, there.hostname, _port(there))
        upgraded = here.hostname == there.hostname and there.scheme == "https"
        elsewhere = key.startswith(HASHED) and (there.scheme == "https" or here.scheme == there.scheme == "http")
        if there.hostname and (same or upgraded or elsewhere):
            return target
        raise self._failed(key, f"the server leads to {there.scheme or 'nowhere'}://{there.hostname or ''}")

    def _failed(self, key: str, why: str) -> StoreError:
        return StoreError(f"the store {self.url} failed at {key}", why=why, hint=f"look at {self.url}/{key}", key=key)

    @cached_property
    def _pool(self) -> Any:
        import urllib3

        settings: dict[str, Any] = {
            "maxsize": self.concurrency,
            "timeout": urllib3.Timeout(connect=10, read=self._options.timeout),
            "retries": urllib3.Retry(
                total=TRIES, redirect=0, status_forcelist=ASK_AGAIN, backoff_factor=0.1, raise_on_status=False,
                respect_retry_after_header=False,
            ),
        }  # fmt: skip
        parts = urlsplit(self.url)
        proxy = getproxies().get(parts.scheme)
        if proxy and not proxy_bypass(parts.netloc):
            return urllib3.ProxyManager(proxy, **settings)
        return urllib3.PoolManager(**settings)


_PLAIN = {"NewConnection": "nobody answers there", "NameResolution": "its name is not known"}  # urllib3's own are less


def _header(answer: BaseHTTPResponse, name: str) -> str:
    return str(answer.headers.get(name, "")).strip()


def _is_page(answer: BaseHTTPResponse) -> bool:
    return _header(answer, "Content-Type").lower().startswith("text/html")


def _port(parts: Any) -> int | None:
    try:
        return parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None


def _reason(error: Exception) -> str:
    """What went wrong, without addresses.

    >>> from urllib3.exceptions import NameResolutionError, ProtocolError
    >>> _reason(NameResolutionError("host", None, OSError())), _reason(ProtocolError("x"))
    ('its name is not known', 'protocol')
    """
    cause = getattr(error, "reason", None) or error
    name = type(cause).__name__.removesuffix("Error")
    return _PLAIN.get(name) or re.sub(r"(?<!^)(?=[A-Z][a-z])", " ", name).lower()
