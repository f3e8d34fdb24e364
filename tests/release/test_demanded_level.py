"""A labelled corpus of changes: what each demands of the version, with a key and without, of texts and of numbers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import shutil
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from registry.authoring.add import AddOptions, add
from registry.judge.judge import JudgeOptions, judge, lay_out
from registry.release.differ import diff_workspace
from registry.release.release import ReleaseOptions, release
from registry.schemas.infer import Roles
from registry.stores.local import LocalStore
from registry.workspace.workspace import Workspace
from tests.journeys.conftest import IDENTITY
from tests.journeys.harness import Shell

pytestmark = pytest.mark.slow
COUNTS = {"train": 40, "validation": 12, "test": 12}
LABELS = {"text": ("긍정", "부정"), "numbers": (0, 1)}


@dataclass
class State:
    """What a mutation works on: rows by split, the schema as YAML, files' writer, the card's text."""

    rows: dict[str, list[dict]]
    schema: dict
    write: str = "csv"
    shards: int = 1
    card: str = ""
    license: str = "cc-by-4.0"

    def column(self, name):
        return next(c for c in self.schema["schema"][0]["properties"] if c["name"] == name)

    @property
    def feature(self):
        return "text" if "text" in self.rows["train"][0] else "width"

    def edit(self, split, at=0):
        row = self.rows[split][at]
        row[self.feature] = f"{row[self.feature]}!" if self.feature == "text" else row[self.feature] + 1000

    def relabel(self, split, at=0):
        row = self.rows[split][at]
        classes = LABELS["text" if self.feature == "text" else "numbers"]
        row["label"] = classes[row["label"] == classes[0]]

    def fresh(self, split, number=900):
        self.rows[split].append(_row(self.feature == "text", split, number, "id" in self.rows["train"][0]))

    def move(self, old, new):
        self.rows[new].append(self.rows[old].pop(3))


def _row(text, split, number, keyed):
    key = {"id": f"{split[:2]}{number:04}"} if keyed else {}
    labels = LABELS["text" if text else "numbers"]
    if text:
        place = {"train": 0, "validation": 1, "test": 2}[split] * 1000 + number
        words = ["맛있다", "느리다", "친절", "비싸다", "깨끗", "소란", "편하다"]
        said = f"{place * 7919 % 100003} 번째 손님 {words[place % 7]} {words[place * 5 % 7]} 주문 {place * 31 % 997}"
        return {**key, "text": said, "label": labels[number % 2]}
    place = {"train": 1, "validation": 2, "test": 3}[split] * 5000 + number
    return {**key, "width": place * 3, "height": place * 0.5 + 0.25, "label": labels[number % 2]}


def _license(name):
    def change(state):
        state.license = name
        state.schema["customProperties"] = [{"property": "license", "value": name}]

    return change


def _classes(change):
    def apply(state):
        properties = state.column("label")["customProperties"]
        classes = next(p for p in properties if p["property"] == "classes")
        classes["value"] = change(list(classes["value"]))

    return apply


def _more_column(state):
    state.schema["schema"][0]["properties"].append(
        {"name": "source", "logicalType": "string", "physicalType": "string"}
    )
    for rows in state.rows.values():
        for row in rows:
            row["source"] = "누리집"


def _less_column(state):
    name = state.feature
    state.schema["schema"][0]["properties"] = [c for c in state.schema["schema"][0]["properties"] if c["name"] != name]
    for rows in state.rows.values():
        for row in rows:
            del row[name]


def _set(**values):
    def change(state):
        for name, value in values.items():
            setattr(state, name, value)

    return change


def _reverse(state):
    for rows in state.rows.values():
        rows.reverse()


def _swap(state):
    """One row for another: the counts stay."""
    state.rows["test"].pop(0)
    state.fresh("test")


CASES = {
    "nothing": (lambda s: None, "none"),
    "rows in another order": (_reverse, "patch"),
    "more files": (_set(shards=3), "patch"),
    "compressed": (_set(write="csv.gz"), "patch"),
    "as JSON lines": (_set(write="jsonl"), "patch"),
    "as Parquet": (_set(write="parquet"), "patch"),
    "as Parquet in other files and order": (lambda s: (_reverse(s), _set(write="parquet", shards=2)(s)), "patch"),
    "the card": (_set(card="\nA word more.\n"), "patch"),
    "a row for training": (lambda s: s.fresh("train"), "minor"),
    "a row less for training": (lambda s: s.rows["train"].pop(), "minor"),
    "an edited row for training": (lambda s: s.edit("train"), "minor"),
    "a relabelled row for training": (lambda s: s.relabel("train"), "minor"),
    "a row for validation": (lambda s: s.fresh("validation"), "minor"),
    "an edited row for validation": (lambda s: s.edit("validation"), "minor"),
    "a relabelled row for validation": (lambda s: s.relabel("validation"), "minor"),
    "a row for testing": (lambda s: s.fresh("test"), "major"),
    "a row less for testing": (lambda s: s.rows["test"].pop(), "major"),
    "a row for testing replaced": (_swap, "major"),
    "an edited row for testing": (lambda s: s.edit("test"), "major"),
    "a relabelled row for testing": (lambda s: s.relabel("test"), "major"),
    "a row moved to validation": (lambda s: s.move("train", "validation"), "major"),
    "a row moved to training": (lambda s: s.move("validation", "train"), "major"),
    "a row moved to testing": (lambda s: s.move("train", "test"), "major"),
    "a split less": (lambda s: s.rows.pop("validation"), "major"),
    "a column more": (_more_column, "minor"),
    "a column less": (_less_column, "major"),
    "a class more": (_classes(lambda names: [*names, "중립" if isinstance(names[0], str) else 2]), "major"),
    "classes in another order": (_classes(lambda names: names[::-1]), "major"),
    "a looser licence": (_license("cc0-1.0"), "minor"),
    "a stricter licence": (_license("cc-by-nc-4.0"), "major"),
    "nulls admitted": (lambda s: s.column("label").update(required=False), "major"),
    "a description": (lambda s: s.column("label").update(description="감정"), "patch"),
}


def _write(folder, state):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for split, rows in state.rows.items():
        for at in range(state.shards):
            name = f"{split}-{at:05}-of-{state.shards:05}" if state.shards > 1 else split
            _file(folder / f"{name}.{state.write}", rows[at :: state.shards])


def _file(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return
    out = io.StringIO(newline="")
    if path.suffix == ".jsonl":
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    data = out.getvalue().encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


KINDS = ("text-keyed", "numbers-keyless", "text-keyless", "numbers-keyed")


@pytest.fixture(scope="module", params=KINDS if os.environ.get("REGISTRY_SOAK") else KINDS[:2])
def base(request, tmp_path_factory):
    """A workspace whose dataset is released as 1.0.0."""
    kind, _, key = request.param.partition("-")
    shell = Shell(tmp_path_factory.mktemp(request.param) / "team", env=IDENTITY)
    shell.cwd.mkdir()
    shell("init")
    rows = {s: [_row(kind == "text", s, n, key == "keyed") for n in range(count)] for s, count in COUNTS.items()}
    _write(shell.cwd / "data" / "reviews", State(rows, {}))
    workspace = Workspace.find(shell.cwd)
    text, key = "text" if kind == "text" else None, "id" if key == "keyed" else None
    roles = Roles(label="label", text=text, key=key, license="cc-by-4.0")
    add(workspace, shell.cwd / "data" / "reviews", AddOptions(roles=roles))
    shell.commit("Data")
    store = LocalStore(tmp_path_factory.mktemp("store") / "store")
    workspace = Workspace.find(shell.cwd)
    options = ReleaseOptions(judge=JudgeOptions(store=store), git=False)
    release(workspace, workspace.dataset("reviews"), "1.0", store, options)
    return shell.cwd, store, rows


@pytest.mark.parametrize("name", CASES)
def test_what_a_change_demands(base, name):
    root, store, rows = base
    change, level = CASES[name]
    schema, card = root / "schemas" / "reviews.yaml", root / "cards" / "reviews.md"
    kept = {path: path.read_bytes() for path in (schema, card)}
    try:
        state = State(json.loads(json.dumps(rows)), YAML().load(kept[schema]))
        change(state)
        _write(root / "data" / "reviews", state)
        YAML().dump(state.schema, schema)
        card.write_bytes(kept[card].replace(b"cc-by-4.0", state.license.encode()) + state.card.encode())
        workspace = Workspace.find(root)
        found = diff_workspace(workspace, workspace.dataset("reviews"), None, store)
        assert found.level == level, found.facts
        assert found.rows is not None and not found.unread
        if level == "patch":
            assert not found.rows.any
    finally:
        for path, data in kept.items():
            path.write_bytes(data)


def test_terms_hang_on_the_card_and_the_day(base):
    root, store, _ = base
    card, waivers = root / "cards" / "reviews.md", root / "checks" / "waivers.yaml"
    kept = card.read_text("utf-8")
    try:
        terms = kept.replace("\n  consent:", "\n  consent: {until: 2027-01-31}")
        card.write_text(terms.replace("\nsources:", "\nsources: [{name: 위키, license: cc-by-sa-4.0}]"), "utf-8")
        workspace = Workspace.find(root)

        def judged(day):
            options = JudgeOptions(store=store, as_of=date.fromisoformat(day))
            evidence = judge(lay_out(workspace, workspace.dataset("reviews"), options))
            found = {check.id: check.status for check in evidence.checks if check.type == "terms"}
            assert found.pop("terms:licence") == "pass"
            return found

        ids = ("terms:consent", "terms:source-licences")
        assert judged("2027-01-31") == dict(zip(ids, ("pass", "fail"), strict=True))
        assert judged("2027-02-01") == dict(zip(ids, ("fail", "fail"), strict=True))
        entry = "{check_id: terms:source-licences, reason: asked, owner: kim, expires: 2027-01-31}"
        waivers.write_text(f"- {entry}\n", "utf-8")
        assert judged("2027-01-31") == dict(zip(ids, ("pass", "waived"), strict=True))
        card.write_text(kept, "utf-8")
        waivers.unlink()
        assert judged("2027-02-01") == {}
    finally:
        card.write_text(kept, "utf-8")
        waivers.unlink(missing_ok=True)


def test_a_record_and_an_attachment_are_told_by_name(base):
    root, store, _ = base
    card, folder = root / "cards" / "reviews.md", root / "cards" / "reviews"
    kept = card.read_text("utf-8")
    try:
        card.write_text(kept.replace("\n  guideline:", '\n  guideline: {version: "1.0", file: 지침.md}'), "utf-8")
        folder.mkdir()
        (folder / "지침.md").write_text("모든 리뷰", "utf-8")
        workspace = Workspace.find(root)
        found = diff_workspace(workspace, workspace.dataset("reviews"), None, store)
        assert {fact.kind: fact.detail for fact in found.facts if not fact.kind.startswith("split")} == {
            "process-changed": "guideline: declared",
            "attachment-added": "지침.md",
        }
    finally:
        card.write_text(kept, "utf-8")
        shutil.rmtree(folder)
