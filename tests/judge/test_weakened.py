"""A branch that weakens its gate: what is named, and what decides. No data is needed for that."""

from __future__ import annotations

import hashlib

import pytest

from registry.errors import ConfigError, EnvironmentFailed, IntegrityError
from registry.judge.scope import Base
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


def workspace(root, suite=SUITE, config=CONFIG, schema=SCHEMA, waivers="", card="", remote=""):
    files = {
        "registry.toml": config,
        "dvc.yaml": "artifacts: {reviews: {path: data/reviews, type: dataset}}\n",
        "schemas/reviews.yaml": schema,
        "checks/reviews.yaml": suite,
        "checks/waivers.yaml": waivers,
        "cards/reviews.md": f"---\n{card}---\n# 후기\n",
        ".dvc/config": remote,
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
        return deciding(branch, branch.dataset("reviews"), Base("main", "c", base, base), "reviews", ["checks"])

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


def test_a_check_that_gives_way_to_the_base_s_covers_no_other_one(compare):
    ask = "  - {{type: expect_column_values_to_not_be_null, kwargs: {{column: {}}}, meta: {{check_id: {}}}}}\n".format
    before = {"suite": "expectations:\n" + ask("id", "A") + ask("text", "B") + ask("text", "나")}
    found = compare(suite="expectations:\n" + ask("text", "A"), before=before)
    assert {name: one.kwargs["column"] for name, one in checks(found).items()} == {"A": "id", "B": "text", "나": "text"}
    assert set(said(found)) == {"A", "B", "나"}, "what the branch's A asked of `text` went with it"
    swapped = compare(suite="expectations:\n" + ask("text", "A") + ask("id", "B"), before=before)
    assert swapped.weakened == (), "the same is asked, under each other's id"


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
    (check,) = found.checks()
    assert (check.status, check.blocks("critical")) == ("error", True), "never a pass"


TERMS = """license: cc-by-4.0
sources:
  - {name: 위키, license: cc-by-4.0}
process:
  consent: {until: 2027-12-31}
  retention: {until: 2027-12-31}
"""


def test_what_the_card_promised_is_not_taken_back_in_passing(compare):
    assert compare(card=TERMS, before={"card": TERMS}).weakened == ()
    assert compare(card=TERMS).weakened == (), "a promise that is new"
    gone = compare(card="license: cc-by-4.0\n", before={"card": TERMS})
    assert set(said(gone)) == {"terms:source-licences", "terms:consent", "terms:retention"}
    assert gone.declared.process.day("consent").isoformat() == "2027-12-31"
    assert [source["name"] for source in gone.declared.process.sources] == ["위키"]
    longer = compare(card=TERMS.replace("consent: {until: 2027", "consent: {until: 2037"), before={"card": TERMS})
    assert said(longer) == {"terms:consent": "consent until 2027-12-31 → 2037-12-31; the base branch's version decides"}
    assert (longer.weakened[0].place.path, longer.weakened[0].place.line) == ("cards/reviews.md", 6)
    sooner = compare(card=TERMS.replace("2027", "2026"), before={"card": TERMS})
    assert sooner.weakened == () and sooner.declared.process.day("retention").year == 2026
    laxer = compare(card=TERMS.replace("위키, license: cc-by-4.0", "위키, license: cc0-1.0"), before={"card": TERMS})
    assert [source["license"] for source in laxer.declared.process.sources] == ["cc0-1.0", "cc-by-4.0"]


ROLE = "customProperties: [{property: role, value: %s}]"
GROUPED = SCHEMA + "      - {name: site, logicalType: string, physicalType: string, " + ROLE % "group" + "}\n"


@pytest.mark.parametrize(
    ("before", "now", "column", "role"),
    [
        (GROUPED, GROUPED.replace(", " + ROLE % "group", ""), "site", "group"),
        (GROUPED, GROUPED.replace("value: group", "value: weight"), "site", "group"),
        (SCHEMA, SCHEMA.replace("name: id, logicalType", "name: id, " + ROLE % "text" + ", logicalType"), "id", None),
        (SCHEMA, SCHEMA.replace("value: text", "value: key"), "text", "text"),
    ],
    ids=["group removed", "group changed", "a second text", "text hidden as key"],
)
def test_roles_that_switch_checks_off_stay_those_of_the_base(compare, before, now, column, role):
    found = compare(schema=now, before={"schema": before})
    assert set(said(found)) >= {f"schema:role:{column}"} and found.rules.schema.column(column).role == role
    assert found.own.schema.column(column).role != role, "the difference is told with the branch's own"
    assert {one.place.path for one in found.weakened} == {"schemas/reviews.yaml"}


def test_roles_that_ask_more_count_at_once(compare):
    assert compare(schema=GROUPED, before={"schema": SCHEMA}).weakened == ()
    renamed = GROUPED.replace("name: site", "name: place")
    assert compare(schema=renamed, before={"schema": GROUPED}).rules.schema.column_of_role("group").name == "place"


def test_the_first_column_of_a_role_stays_the_first(compare):
    line = "      - {name: %s, logicalType: string, physicalType: string, " + ROLE % "group" + "}\n"
    found = compare(schema=SCHEMA + line % "b" + line % "site", before={"schema": SCHEMA + line % "site" + line % "b"})
    assert set(said(found)) == {"schema:role:group"}
    assert [column.name for column in found.rules.schema.columns_of_role("group")] == ["site", "b"]
    moved = compare(schema=SCHEMA + line % "b" + line % "site", before={"schema": SCHEMA + line % "b"})
    assert "group" in said(moved)["schema:role:site"] and moved.rules.schema.column("site").role is None


def test_what_the_schema_asks_no_more_is_said_and_the_schema_decides(compare):
    required = SCHEMA.replace("{name: id,", "{name: id, required: true, unique: true,")
    found = compare(before={"schema": required})
    assert said(found) == {
        "schema:required:id": "schema:required:id is asked no more; the branch's schema decides",
        "schema:unique:id": "schema:unique:id is asked no more; the branch's schema decides",
    }
    assert found.rules.schema.column("id").required is False
    short = SCHEMA.replace("{name: id,", "{name: id, logicalTypeOptions: {minLength: 4, maxLength: 9},")
    longer = compare(schema=short.replace("maxLength: 9", "maxLength: 99"), before={"schema": short})
    assert [(what, text.split(";")[0].rpartition(": ")[2]) for what, text in said(longer).items()] == [
        ("schema:length:id", "max_value 9 → 99")
    ]
    narrower = compare(schema=short.replace("maxLength: 9", "maxLength: 8"), before={"schema": short})
    assert narrower.weakened == ()
    opened = SCHEMA.replace(
        "    physicalType: table\n", "    physicalType: table\n    customProperties: [{property: open, value: true}]\n"
    )
    assert set(said(compare(schema=opened))) == {"schema:columns"}


def test_a_table_of_levels_is_the_base_s_although_its_name_stays(compare, tmp_path):
    config = CONFIG.replace("[versioning]\n", '[versioning]\npreset = "levels.toml"\n')
    (tmp_path / "base").mkdir()
    (tmp_path / "branch").mkdir()
    (tmp_path / "base" / "levels.toml").write_text('extends = "ml"\n')
    (tmp_path / "branch" / "levels.toml").write_text('extends = "schema-only"\n')
    found = compare(config=config, before={"config": config})
    assert "the table levels.toml was changed" in said(found)["preset"]
    assert found.workspace.config.preset == str(tmp_path / "base" / "levels.toml")
    assert found.rules.gate["preset"] == "levels.toml", "no place of this machine in what names the rules"
    (tmp_path / "base" / "levels.toml").unlink()
    assert compare(config=config, before={"config": config}).checks()[0].status == "error"


def test_another_remote_is_said_and_the_base_s_is_asked(compare):
    remote = "[core]\n    remote = work\n['remote \"work\"']\n    url = s3://ours/data\n"
    found = compare(remote=remote.replace("ours", "theirs"), before={"remote": remote})
    assert "s3://ours/data → s3://theirs/data" in said(found)["remote"]
    assert found.workspace.remote == {"name": "work", "url": "s3://ours/data"}
    assert (found.weakened[0].place.path, found.weakened[0].place.line) == (".dvc/config", 2)
    plain = remote.replace("'remote", "remote").replace("work\"'", 'work"')
    assert "s3://theirs" in said(compare(remote=plain.replace("ours", "theirs"), before={"remote": plain}))["remote"]
    via = remote.replace("s3://ours/data", "remote://top/data") + "['remote \"top\"']\n    url = s3://ours\n"
    assert compare(remote=via, before={"remote": via}).weakened == ()
    led = compare(remote=via.replace("s3://ours", "s3://theirs"), before={"remote": via})
    assert "remote" in said(led) and led.workspace.remote["top\nurl"] == "s3://ours"
    assert compare(remote=remote).weakened == () == compare(remote=remote, before={"remote": remote}).weakened


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


def test_only_the_baseline_s_owners_waive_what_it_asks_however_it_is_repeated(compare, tmp_path, monkeypatch):
    monkeypatch.setenv("REGISTRY_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "gate.yaml"
    file.write_text(ORGANISATION, "utf-8")
    owned = 'owners = ["kim"]\n'
    config = pinned(file) + owned
    own = "  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 10}, meta: {check_id: mine}}\n"
    waived = WAIVER.format(owner="kim", day="2030-01-01")
    dropped = compare(
        suite=SUITE + own,
        config=CONFIG + owned,
        waivers=waived.replace("leak", "mine"),
        before={"config": config, "suite": SUITE + own, "waivers": waived.replace("leak", "mine")},
    )
    assert {"mine", "baseline:rows"} <= set(checks(dropped)) and dropped.rules.owners == ("lee",)
    theirs = tmp_path / "theirs.yaml"
    theirs.write_text(ORGANISATION.replace("lee", "kim"), "utf-8")
    file.write_text(ORGANISATION.replace("owners: [lee]\n", ""), "utf-8")
    nobody = compare(config=pinned(theirs), before={"config": pinned(file)})
    assert nobody.rules.owners == (), "of a baseline without owners nobody waives, whoever stands in another"
    for_lee = waived.replace("leak", "'baseline:rows'")
    signed = compare(
        config=config, waivers=for_lee.replace("kim", "lee"), before={"config": config, "waivers": for_lee}
    )
    assert [waiver.owner for waiver in signed.waivers] == ["kim"], "a waiver is not signed anew by another in passing"
    assert "waived by lee" in said(signed)["waiver:baseline:rows"]


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


def test_no_row_is_told_from_another_by_a_column_that_a_branch_adds(compare):
    noise = SCHEMA + "      - {name: 잡음, logicalType: string, physicalType: string}\n"
    found = compare(schema=noise)
    assert found.weakened == () and found.rules.schema.merged == ("id", "text") and found.own.schema.merged == ()
    assert found.rules.sha256 != found.own.sha256, "what was judged without it is no verdict with it"
    merged = compare(schema=noise, before={"schema": noise})
    assert merged.rules.schema.merged == ()
    opened = SCHEMA.replace("table\n", "table\n    customProperties: [{property: open, value: true}]\n")
    assert compare(schema=opened).rules.schema.merged == ("id", "text"), "of what is not declared nothing is known"
    assert compare(schema=opened, before={"schema": opened}).rules.schema.merged == ()
    renamed = compare(schema=noise.replace("name: id,", "name: key,"), suite=SUITE.replace("id}", "key}"))
    assert renamed.rules.schema.merged == ()
    told = "rows are told apart by `key`, `잡음` instead of `id`; the branch's schema decides"
    assert said(renamed)["schema:columns:new"] == told


def test_where_releases_are_published_to_and_who_may_read_them(compare):
    hub = CONFIG + '[hub]\nrepo = "team/{name}"\nprivate = true\ngated = "manual"\nrequired = ["license"]\n'
    open_to_all = CONFIG + '[hub]\nrepo = "eve/{name}"\nprivate = false\nrequired = []\n'
    found = compare(config=open_to_all, before={"config": hub})
    assert set(said(found)) == {"hub repo", "hub private", "hub gated", "hub required"}
    config = found.workspace.config
    assert (config.hub_repo, config.hub_private, config.hub_gated) == ("team/{name}", True, "manual")
    assert compare(config=hub.replace('required = ["license"]\n', "")).weakened == (), (
        "where the base says nothing, nothing is taken back"
    )
