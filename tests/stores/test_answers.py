"""What a server's refusal means: a right that is missing is told from wrong credentials, and from a wrong clock."""

from __future__ import annotations

import pytest

from registry.errors import DeniedError, StoreError
from registry.stores.answers import explain


@pytest.mark.parametrize(
    ("code", "kind", "words", "hint"),
    [
        ("AccessDenied", "ClientError", "do not permit", "doctor"),
        ("403", "ClientError", "not say why", "doctor"),
        ("SignatureDoesNotMatch", "ClientError", "refused", "AWS_ACCESS_KEY_ID"),
        ("", "NoCredentialsError", "missing", "AWS_ACCESS_KEY_ID"),
        ("ExpiredToken", "ClientError", "expired", "sso"),
        ("RequestTimeTooSkewed", "ClientError", "clock", "clock"),
        ("PermanentRedirect", "ClientError", "another region", "AWS_DEFAULT_REGION"),
        ("NoSuchBucket", "ClientError", "bucket", "create"),
        ("SlowDown", "ClientError", "SlowDown", "doctor"),
        ("", "EndpointConnectionError", "cannot be reached", "endpoint-url"),
    ],
)
def test_each_refusal_has_its_own_words(code, kind, words, hint):
    error, why, advice = explain(code, kind)
    assert words in why and hint in advice
    assert error is (DeniedError if code in ("AccessDenied", "403") else StoreError)
