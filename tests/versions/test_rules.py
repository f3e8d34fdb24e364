import pytest

from registry.errors import ConfigError
from registry.versions.rules import PRESETS, load_rules


def test_presets_know_the_same_kinds():
    kinds = [set(load_rules(preset).levels) for preset in PRESETS]
    assert kinds[0] == kinds[1] == kinds[2]


def test_a_table_of_ones_own_extends_a_preset(tmp_path):
    (tmp_path / "levels.toml").write_text('extends = "schema-only"\n[levels]\nsplit-changed = "minor"\n', "utf-8")
    rules = load_rules("levels.toml", frozen=["test"], root=tmp_path)
    assert rules.level("split-changed") == "minor" and rules.level("frozen-split-changed") == "patch"
    assert rules.frozen == {"test"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[levels]\nsplit-changd = "minor"\n', "did you mean `split-changed`"),
        ('[levels]\nsplit-changed = "huge"\n', "is no level"),
        ("[levels]\nsplit-changed = 1\n", "is no level"),
        ('extends = "mine"\n', "`extends` is one of ml"),
        ("levels = 3\n", "holds `extends` and"),
        ("[level]\n", "level"),
        ("[levels\n", "is no TOML"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, text, says):
    (tmp_path / "levels.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=says) as caught:
        load_rules("levels.toml", root=tmp_path)
    assert caught.value.exit == 2


@pytest.mark.parametrize("preset", ["mll", "missing.toml", "../ml"])
def test_an_unknown_preset_is_refused(tmp_path, preset):
    with pytest.raises(ConfigError):
        load_rules(preset, root=tmp_path)


def test_a_kind_that_no_table_knows_demands_everything():
    assert load_rules("schema-only").level("something-new") == "major"
