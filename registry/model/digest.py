"""Digests and canonical JSON.

Canonical JSON is UTF-8 with sorted keys, no spaces and one LF at the end; equal
values give equal bytes, so that a digest of a document means its content.

>>> canonical({"b": 1, "a": "가"})
b'{"a":"\\xea\\xb0\\x80","b":1}\\n'
>>> sha256_of(b"")[:8]
'e3b0c442'
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

SHA256 = re.compile(r"[0-9a-f]{64}\Z")
MD5 = re.compile(r"[0-9a-f]{32}\Z")


def canonical(value: Any) -> bytes:
    """The canonical JSON bytes of `value`; NaN and infinities raise `ValueError`."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass") + b"\n"


def sha256_of(data: bytes) -> str:
    """sha256 of bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_of(value: Any) -> str:
    """sha256 of the canonical JSON of `value`, 64 hex digits."""
    return sha256_of(canonical(value))


def is_sha256(text: object) -> bool:
    """Whether `text` is 64 lower-case hex digits."""
    return isinstance(text, str) and SHA256.match(text) is not None


def is_md5(text: object) -> bool:
    """Whether `text` is 32 lower-case hex digits."""
    return isinstance(text, str) and MD5.match(text) is not None
