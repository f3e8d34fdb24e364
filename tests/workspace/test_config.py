import pytest

from registry.errors import ConfigError
from registry.workspace.config import parse_config
from registry.workspace.scaffold import CONFIG

GOOD = """
format = 1
store = "s3://bucket/x"
default-dataset = "reviews"
[versioning]
frozen-splits = ["test", "dev"]
[gate]
fail-on = "warning"
waivers = "checks/waivers.yaml"
[card]
required = ["license"]
[hub]
repo = "team/{name}"
[s3]
endpoint-url = "https://s3.example.org"
[spark]
master = "local[*]"
"spark.executor.memory" = "4g"
"""


def test_every_documented_key_is_read():
    config = parse_config(GOOD, "registry.toml")
    assert (config.store, config.default_dataset, config.fail_on) == ("s3://bucket/x", "reviews", "warning")
    assert config.frozen_splits == ("test", "dev") and config.card_required == ("license",)
    assert config.spark["spark.executor.memory"] == "4g"


def test_what_init_writes_is_the_default():
    assert parse_config(CONFIG, "registry.toml") == parse_config("format = 1", "registry.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "format = 1"),
        ("format = 2", "it says 2"),
        ("format = 1\nstorre = 'x'", "did you mean `store`"),
        ("format = 1\n[gates]\n", "did you mean `gate`"),
        ("format = 1\n[gate]\nfail_on = 'critical'", "did you mean `fail-on`"),
        ("format = 1\n[gate]\nfail-on = 'info'", "critical and warning"),
        ("format = 1\n[gate]\nfail-on = 1", "wrong type"),
        ("format = 1\n[versioning]\nfrozen-splits = [1]", "wrong type"),
        ("format = 1\n[hub]\ngated = 'yes'", "auto and manual"),
        ("format = 1\n[hub]\nprivate = 'no'", "wrong type"),
        ("format = 1\ndefault-dataset = 'V1'", "no dataset name"),
        ("format = ", "no valid TOML"),
    ],
)
def test_a_mistake_is_named_with_the_remedy(text, words):
    from registry.errors import UsageError

    with pytest.raises(UsageError) as caught:
        parse_config(text, "registry.toml")
    assert words in str(caught.value) + caught.value.hint and caught.value.exit == 2
    assert isinstance(caught.value, ConfigError) or "dataset name" in words
