"""A branch that weakens its gate: what is named, and what decides. No data is needed for that."""

from __future__ import annotations

import hashlib

import pytest

from registry.errors import ConfigError, EnvironmentFailed, IntegrityError
from registry.judge.weakened import deciding
from registry.testing.web import WebServer
from registry.workspace.workspace import Workspace

SCHEMA = """apiVersion: v3.1.0
kind: DataContract
version: 1.0.0
id: reviews
status: active
schema:
  - name: reviews
    physicalType: table
    properties:
      - {name: id, logicalType: string, physicalType: string}
      - {name: text, logicalType: string, physicalType: string, customProperties: [{property: role, value: text}]}
"""
SUITE = """name: reviews
expectations:
  - type: expect_splits_to_be_disjoint
    kwargs: {max_share: 0}
    meta: {check_id: leak}
  - type: expect_column_values_to_not_be_null
    kwargs: {column: id}
    meta: {check_id: 이름}
"""
CONFIG = 'format = 1\n[versioning]\nfrozen-splits = ["test"]\n[gate]\nfail-on = "warning"\n'
WAIVER = "- {{check_id: leak, reason: 알려짐, owner: {owner}, expires: {day}}}\n"
ORGANISATION = """name: organisation
owners: [lee]
expectations:
  - type: expect_table_row_count_to_be_between
    kwargs: {min_value: 10}
    meta: {check_id: rows}
"""


def workspace(root, suite=SUITE, config=CONFIG, schema=SCHEMA, waivers=""):
    files = {
        "registry.toml": config,
        "dvc.yaml": "artifacts: {reviews: {path: data/reviews, type: dataset}}\n",
        "schemas/reviews.yaml": schema,
        "checks/reviews.yaml": suite,
        "checks/waivers.yaml": waivers,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return Workspace.find(root)


@pytest.fixture
def compare(tmp_path):
    """What decides on a branch of which some files are others than on its base."""

    def run(before=None, **now):
        base = workspace(tmp_path / "base", **(before or {}))
        branch = workspace(tmp_path / "branch", **now)
        return deciding(branch, branch.dataset("reviews"), base, base.dataset("reviews"))

    return run


def said(found):
    return {one.what: one.said for one in found.weakened}


def checks(found):
    return {one.check_id: one for one in found.rules.expectations}


def test_equal_or_stricter_gates_decide_for_themselves(compare):
    found = compare()
    assert found.weakened == () and found.rules.sha256 == found.own.sha256
    stricter = SUITE.replace("kwargs: {max_share: 0}", "kwargs: {normalize: text}") + (
        "  - type: expect_column_values_to_be_unique\n    kwargs: {column: id}\n"
    )
    found = compare(suite=stricter, before={"config": CONFIG.replace("warning", "critical")})
    assert found.weakened == () and len(checks(found)) == 3 and found.workspace.config.fail_on == "warning"


def test_a_weaker_threshold_is_named_with_its_line_and_the_base_s_decides(compare):
    found = compare(suite=SUITE.replace("max_share: 0", "max_share: 0.5"))
    assert said(found) == {"leak": "leak: max_share 0 → 0.5; the base branch's version decides"}
    assert (found.weakened[0].place.path, found.weakened[0].place.line) == ("checks/reviews.yaml", 3)
    assert checks(found)["leak"].kwargs["max_share"] == 0 and found.rules.sha256 == compare().rules.sha256
    check = found.weakened[0].check()
    assert (check.id, check.type) == ("gate:leak", "gate-weakened") and not check.blocks("warning")


def test_a_removed_check_still_judges(compare):
    kept = "\n".join(SUITE.splitlines()[:5]) + "\n"
    found = compare(suite=kept)
    assert "removed from the gate" in said(found)["이름"] and "이름" in checks(found)
    renamed = compare(suite=SUITE.replace("check_id: 이름", "check_id: name"))
    assert renamed.weakened == (), "the same check under another id is no weaker"
    taken = compare(suite=kept + "  - {type: expect_column_to_exist, kwargs: {column: id}, meta: {check_id: 이름}}\n")
    assert set(checks(taken)) == {"leak", "이름", "이름:base"}
    gone = compare(suite=kept, schema=SCHEMA.replace("name: id,", "name: key,"))
    assert "its column is gone" in said(gone)["이름"] and "이름" not in checks(gone)


def test_a_lower_severity(compare):
    found = compare(suite=SUITE.replace("    meta: {check_id: leak}", "    severity: info\n    meta: {check_id: leak}"))
    assert "severity critical → info" in said(found)["leak"] and checks(found)["leak"].severity == "critical"


def test_settings(compare):
    before = {"config": CONFIG + 'owners = ["lee"]\n[card]\nrequired = ["license"]\n'}
    found = compare(config='format = 1\n[versioning]\nfrozen-splits = []\n[gate]\nowners = ["kim"]\n', before=before)
    assert set(said(found)) == {"fail-on", "frozen-splits", "required", "owners"}
    config = found.workspace.config
    assert (config.fail_on, config.frozen_splits, config.card_required) == ("warning", ("test",), ("license",))
    assert {one.place.path for one in found.weakened} == {"registry.toml"}
    assert next(one for one in found.weakened if one.what == "owners").place.line == 5


def test_new_and_wider_waivers_count_once_they_are_merged_or_of_an_owner(compare):
    new = WAIVER.format(owner="kim", day="2030-01-01")
    found = compare(waivers=new)
    assert found.waivers == () and "it counts once it is merged" in said(found)["waiver:leak"]
    assert (found.weakened[0].place.path, found.weakened[0].place.line) == ("checks/waivers.yaml", 1)
    wider = compare(waivers=new, before={"waivers": WAIVER.format(owner="kim", day="2029-01-01")})
    assert wider.waivers[0].expires.year == 2029 and "until 2029-01-01 → 2030-01-01" in said(wider)["waiver:leak"]
    narrower = compare(waivers=new, before={"waivers": WAIVER.format(owner="kim", day="2031-01-01")})
    assert narrower.weakened == () and narrower.waivers[0].expires.year == 2030
    owned = CONFIG + 'owners = ["kim"]\n'
    owner = compare(waivers=new, config=owned, before={"config": owned})
    assert len(owner.waivers) == 1 and "for kim is an owner" in said(owner)["waiver:leak"]
    self_made = compare(waivers=new, config=owned)
    assert self_made.waivers == (), "who makes himself an owner is none yet"


def test_a_check_cannot_take_the_waiver_of_another(compare):
    waived = WAIVER.format(owner="kim", day="2031-01-01")
    swapped = SUITE.replace("check_id: leak", "check_id: other").replace("check_id: 이름", "check_id: leak")
    found = compare(suite=swapped, waivers=waived, before={"waivers": waived})
    assert "removed from the gate" in said(found)["이름"]
    assert checks(found)["이름"].type == "expect_column_values_to_not_be_null"


def test_rules_of_the_base_that_cannot_be_read_are_said(compare):
    found = compare(before={"suite": "expectations: []\n"})
    assert "the rules of the base cannot be read" in said(found)["base"] and found.rules.expectations


def pinned(file, digest=None):
    digest = digest or hashlib.sha256(file.read_bytes()).hexdigest()
    return CONFIG + f'baseline = {{url = "file:{file}", sha256 = "{digest}"}}\n'


def test_a_baseline_is_part_of_the_gate_and_cannot_be_removed(compare, tmp_path, monkeypatch):
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "gate.yaml"
    file.write_text(ORGANISATION, "utf-8")
    config = pinned(file)
    kept = compare(config=config, before={"config": config})
    assert kept.weakened == () and "baseline:rows" in checks(kept) and kept.rules.owners == ("lee",)
    file.unlink()
    removed = compare(before={"config": config})
    assert set(said(removed)) == {"baseline", "baseline:rows"}
    assert "baseline:rows" in checks(removed) and removed.rules.owners == ("lee",)
    assert {one.place.path for one in removed.weakened} == {"registry.toml"}


def test_a_baseline_on_the_web_is_asked_for_once(compare, tmp_path, monkeypatch):
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    (tmp_path / "www").mkdir()
    file = tmp_path / "www" / "gate.yaml"
    file.write_text(ORGANISATION, "utf-8")
    with WebServer(tmp_path / "www") as server:
        config = pinned(file).replace(f"file:{file}", f"{server.url}/gate.yaml")
        for _ in range(2):
            assert "baseline:rows" in checks(compare(config=config, before={"config": config}))
        assert server.asked.count("gate.yaml") == 1


def test_a_baseline_of_other_bytes_is_never_read(compare, tmp_path, monkeypatch):
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "gate.yaml"
    file.write_text(ORGANISATION, "utf-8")
    config = pinned(file)
    file.write_text(ORGANISATION.replace("10", "1"), "utf-8")
    with pytest.raises(IntegrityError, match="other bytes") as caught:
        compare(config=config, before={"config": config})
    assert caught.value.exit == 3 and not (tmp_path / "cache" / "baselines").exists()
    file.unlink()
    with pytest.raises(EnvironmentFailed, match="cannot be read"):
        compare(config=config, before={"config": config})
    monkeypatch.setenv("REGISTRY_OFFLINE", "1")
    web = config.replace("file:" + str(file), "https://org.example/gate.yaml")
    with pytest.raises(EnvironmentFailed, match="REGISTRY_OFFLINE"):
        compare(config=web, before={"config": web})
    with pytest.raises(ConfigError, match="names no file by its digest"):
        compare(config=pinned(file, "0" * 63), before={"config": config})
