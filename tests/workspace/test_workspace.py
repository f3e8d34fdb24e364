from pathlib import Path

import pytest

from registry.errors import ConfigError, NotFoundError, UsageError, WorkspaceError
from registry.workspace.declare import declare_artifact
from registry.workspace.pointer import read_pointer, stage_of
from registry.workspace.workspace import Workspace

TWO = """\
artifacts:
  reviews: {path: data/reviews, type: dataset}
  other: {path: data/other.csv, type: dataset, meta: {schema: s.yaml, checks: [a.yaml, b.yaml], card: c.md}}
  model: {path: models/m.bin, type: model}
"""


def make(root: Path, dvc=TWO, config="format = 1\n") -> Workspace:
    (root / "registry.toml").write_text(config)
    (root / "dvc.yaml").write_text(dvc)
    (root / "data" / "reviews").mkdir(parents=True, exist_ok=True)
    return Workspace.find(root)


def test_datasets_are_found_by_convention_or_where_meta_points(tmp_path):
    found = make(tmp_path).datasets
    assert set(found) == {"reviews", "other"}
    assert (found["reviews"].schema, found["reviews"].checks) == ("schemas/reviews.yaml", ("checks/reviews.yaml",))
    assert (found["other"].schema, found["other"].checks, found["other"].card) == (
        "s.yaml",
        ("a.yaml", "b.yaml"),
        "c.md",
    )


def test_a_workspace_is_found_from_below_and_not_from_beside(tmp_path):
    make(tmp_path)
    assert Workspace.find(tmp_path / "data" / "reviews").root == tmp_path
    with pytest.raises(WorkspaceError):
        Workspace.find(tmp_path.parent)


def test_which_dataset_is_meant(tmp_path):
    workspace = make(tmp_path)
    assert workspace.choose("other", tmp_path, command="x").name == "other"
    assert workspace.choose(None, tmp_path / "data" / "reviews", command="x").name == "reviews"
    with pytest.raises(UsageError) as caught:
        workspace.choose(None, tmp_path, command="registry release v1.0")
    choices = {"registry release v1.0 reviews", "registry release v1.0 other"}
    assert set(caught.value.hint.split(", or ")) == choices, "on a line: a hint is shown as one"
    default = make(tmp_path, config='format = 1\ndefault-dataset = "other"\n')
    assert default.choose(None, tmp_path, command="x").name == "other"
    only = make(tmp_path, dvc="artifacts:\n  solo: {path: data/x, type: dataset}\n")
    assert only.choose(None, tmp_path, command="x").name == "solo"


def test_an_unknown_name_suggests_the_nearest(tmp_path):
    with pytest.raises(NotFoundError, match="did you mean `reviews`") as caught:
        make(tmp_path).dataset("review")
    assert caught.value.exit == 6


@pytest.mark.parametrize(
    "entry",
    [
        "{type: dataset}", "{path: 3, type: dataset}", "{path: ../x, type: dataset}", "{path: /x, type: dataset}",
        "{path: x, type: dataset, meta: {schema: ../s}}", "{path: x, type: dataset, meta: {checks: [/c]}}",
        "{path: x, type: dataset, meta: {checks: 3}}", "{path: x, type: dataset, meta: [a]}", "[]",
    ],
)  # fmt: skip
def test_a_wrong_artifact_is_refused_with_its_line(tmp_path, entry):
    with pytest.raises(ConfigError, match=r"dvc\.yaml:2|dvc\.yaml:3"):
        make(tmp_path, dvc=f"artifacts:\n  x: {entry}\n")


def test_declaring_keeps_comments_and_refuses_a_second_time(tmp_path):
    make(tmp_path, dvc="# mine\nartifacts:\n  a: {path: a, type: dataset}  # here\n")
    declare_artifact(tmp_path, "b", {"path": "b", "type": "dataset"})
    text = (tmp_path / "dvc.yaml").read_text()
    assert "# mine" in text and "# here" in text
    assert set(Workspace.find(tmp_path).datasets) == {"a", "b"}
    with pytest.raises(ConfigError):
        declare_artifact(tmp_path, "b", {"path": "b", "type": "dataset"})


LOCK = """\
schema: '2.0'
stages:
  make:
    cmd: x
    outs:
    - {path: data/x, hash: md5, md5: 0123456789abcdef0123456789abcdef.dir, size: 5, nfiles: 2}
"""


def test_pointers_of_files_and_of_stages(tmp_path):
    (tmp_path / "dvc.lock").write_text(LOCK)
    (tmp_path / "dvc.yaml").write_text("stages:\n  make: {cmd: x, outs: [data/x, {other: {cache: false}}]}\n")
    pointer = read_pointer(tmp_path, "data/x")
    assert (pointer.stage, pointer.directory, pointer.files) == ("make", True, 2)
    assert stage_of(tmp_path, "data/x") == "make" and stage_of(tmp_path, "other") == "make"
    assert stage_of(tmp_path, "data/y") is None and read_pointer(tmp_path, "data/y") is None


@pytest.mark.parametrize(
    "text",
    [
        "outs:\n- {md5: 0123456789abcdef0123456789abcdef, path: x}\n",  # DVC 2
        "outs:\n- {hash: md5, md5: ../../x, path: x}\n",
        "outs:\n- {hash: md5, md5: 0123456789abcdef0123456789abcdef, path: ../x}\n",
        "outs: []\n",
        "[]\n",
    ],
)
def test_odd_pointers_are_refused(tmp_path, text):
    (tmp_path / "x.dvc").write_text(text)
    with pytest.raises(ConfigError):
        read_pointer(tmp_path, "x")


@pytest.mark.parametrize("stages", ["[1]", "{a: 1}", "{a: {outs: 3}}", "{a: {cmd: x, outs: [{}]}}", "{a: }", "7"])
@pytest.mark.parametrize("file", ["dvc.yaml", "dvc.lock"])
def test_stages_of_any_shape_are_read_or_refused(tmp_path, file, stages):
    (tmp_path / "registry.toml").write_text("format = 1\n", "utf-8")
    declared = "artifacts: {one: {path: data/one, type: dataset}}\n"
    (tmp_path / "dvc.yaml").write_text(declared, "utf-8")
    with (tmp_path / file).open("a", encoding="utf-8") as out:
        out.write(f"stages: {stages}\n")
    workspace = Workspace.find(tmp_path)
    try:
        assert workspace.pointer(workspace.dataset("one")) is None
        assert stage_of(tmp_path, "data/one") is None
    except ConfigError as error:
        assert file in str(error)


@pytest.mark.parametrize("entry", ["labels: 5", 'meta: {card: "."}', 'meta: {schema: ""}', "meta: {checks: [[1]]}"])
def test_wrong_entries_are_refused(tmp_path, entry):
    (tmp_path / "registry.toml").write_text("format = 1\n", "utf-8")
    declared = f"artifacts: {{one: {{path: data/one, type: dataset, {entry}}}}}\n"
    (tmp_path / "dvc.yaml").write_text(declared, "utf-8")
    with pytest.raises(ConfigError, match="one"):
        Workspace.find(tmp_path)
