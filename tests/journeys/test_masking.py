"""Personal data is refused by the gate that `add` writes, masked, added, and passes; no trace is kept."""

from __future__ import annotations

import json

import pytest

from tests.journeys.harness import rows, tree, write_csv

pytestmark = pytest.mark.slow

RAW = ("010-2345-6789", "hong@example.com")


def test_a_refused_dataset_is_masked_and_passes(shell):
    shell("init")
    records = rows("후기", 30)
    records[3]["text"] += f", 문의 {RAW[0]}"
    records[7]["text"] += f" ({RAW[1]})"
    write_csv(shell.cwd / "data/mine/train.csv", records)
    shell("add", "data/mine", "--text", "text", "--label", "label", "--key", "id", code=None)
    shell.commit()
    refused = shell("check", "mine", "--json", code=1)
    check = next(c for c in refused.json["datasets"][0]["checks"] if c["id"] == "personal-data")
    assert (check["status"], check["unexpected"], check["severity"]) == ("fail", 2, "critical")
    assert not any(value in refused.out for value in RAW)
    before = tree(shell.cwd / "data")
    planned = shell("mask", "mine", "--dry-run", "--json").json
    assert planned["state"] == "planned" and planned["kinds"] == {"email": 1, "phone": 1}
    assert tree(shell.cwd / "data") == before
    shell("mask", "mine", "-o", "copy", "--kinds", "email")
    assert (
        RAW[0] in (shell.cwd / "copy/train.csv").read_text()
        and RAW[1] not in (shell.cwd / "copy/train.csv").read_text()
    )
    done = shell("mask", "mine", "--reason", "동의 없음", "--json").json
    assert done["state"] == "masked" and done["masked"] == 2 and done["next"][0] == "registry add data/mine"
    record = json.loads((shell.cwd / "changes/mine/0001-mask.json").read_text())
    assert record["why"] == "동의 없음" and record["mask"]["columns"] == {"text": 2}
    shell("add", "data/mine")
    shell.commit()
    checks = {c["id"]: c for c in shell("check", "mine", "--json").json["datasets"][0]["checks"]}
    assert checks["personal-data"]["status"] == "pass"
    assert shell("mask", "mine", "--json").json["state"] == "unchanged"
    assert shell("mask", "mine", "--kinds", "fone", code=2).err.count("resident-number") == 1
    caches = b"".join(
        file.read_bytes() for file in (shell.cwd / ".registry/cache/verdicts").rglob("*") if file.is_file()
    )
    assert caches and not any(value.encode() in caches for value in RAW)
