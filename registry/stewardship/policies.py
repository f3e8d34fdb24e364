"""The least an S3 identity needs for each role, as an IAM policy.

>>> [action for action in policy("bucket", "data", "reader")["Statement"][1]["Action"]]
['s3:GetObject']

Operations and the actions they need: "Actions, resources, and condition keys for Amazon
S3" in the service authorization reference.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

Role = Literal["reader", "releaser", "steward"]
ROLES: tuple[Role, ...] = get_args(Role)
ACTIONS: dict[Role, tuple[str, ...]] = {
    "reader": ("s3:GetObject",),
    "releaser": ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"),
    "steward": ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"),
}


def policy(bucket: str, prefix: str, role: Role) -> dict[str, Any]:
    """The policy document for `role` on the objects below `prefix` (empty: the whole bucket)."""
    below = f"{prefix.strip('/')}/*".lstrip("/")
    listing: dict[str, Any] = {
        "Sid": "List",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}"],
    }
    if prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": [below]}}
    objects = {
        "Sid": "Objects",
        "Effect": "Allow",
        "Action": list(ACTIONS[role]),
        "Resource": [f"arn:aws:s3:::{bucket}/{below}"],
    }
    return {"Version": "2012-10-17", "Statement": [listing, objects]}
