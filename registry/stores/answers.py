"""What a refusal of an S3 server means: the error, why, and what to do.

>>> explain("NoSuchBucket", "ClientError")[1]
'the bucket does not exist'
>>> explain("AccessDenied", "ClientError")[0].__name__
'DeniedError'

Codes: "Error responses" in the API reference of Amazon S3.
"""

from __future__ import annotations

from registry.errors import DeniedError, StoreError

DENIED = frozenset({"AccessDenied", "AllAccessDisabled"})
SILENT = frozenset({"403", "Forbidden"})  # of a question about an object's head, whose answer has no room for a reason
WRONG = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidSecurity"})
EXPIRED = frozenset({"ExpiredToken", "TokenRefreshRequired"})
ELSEWHERE = frozenset(
    {"PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
SET = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"


def explain(code: str, kind: str) -> tuple[type[StoreError], str, str]:
    """Error class, why and hint for an S3 error code, or for the class of a client's error without one."""
    if code == "NoSuchBucket":
        return StoreError, "the bucket does not exist", "create the bucket, or choose another with --store"
    if code in DENIED:
        hint = "ask whoever runs the store; what each role needs: registry doctor --policy releaser"
        return DeniedError, f"these credentials do not permit it ({code})", hint
    if code in SILENT:
        return DeniedError, f"the server refuses it and does not say why ({code})", "registry doctor"
    if code in EXPIRED:
        return StoreError, f"the credentials have expired ({code})", "get new ones, as with aws sso login"
    if code == "RequestTimeTooSkewed":
        return StoreError, f"the clock of this machine is off ({code})", "set the clock, then the same command again"
    if code in ELSEWHERE:
        return StoreError, f"the bucket is in another region ({code})", "set AWS_DEFAULT_REGION to the bucket's region"
    if code in WRONG or "Credential" in kind or "Token" in kind or "Profile" in kind:
        return StoreError, f"the credentials are missing or refused{f' ({code})' if code else ''}", SET
    if code:
        return StoreError, f"the server answered {code[:60]}", "registry doctor"
    hint = "check the address ([s3] endpoint-url, AWS_ENDPOINT_URL) and the network"
    return StoreError, f"it cannot be reached ({kind})", hint
