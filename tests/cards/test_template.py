"""Cards by the user's template: what it may place, and what it cannot reach."""

from __future__ import annotations

import time
from dataclasses import replace

import pyarrow as pa
import pytest

from registry.cards.readme import blocks_of, readme
from registry.errors import ConfigError
from registry.model.facts import Declared, ReleaseFacts
from registry.model.schema import Column, DatasetSchema
from tests.reports.making import facts_of
from tests.reports.test_pages import check

SCHEMA = DatasetSchema("reviews", (Column("text", "string"), Column("label", "string", role="label")))
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) **b**"


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ReleaseFacts:
    table = pa.table({"text": ["하나", "둘", HOSTILE], "label": ["긍정", "부정", "긍정"]})
    root = tmp_path_factory.mktemp("card") / "reviews"
    return facts_of(root, {"train": table}, SCHEMA, checks=[check("pass", unexpected=0)], title=HOSTILE)


def by(facts: ReleaseFacts, template: str, **more: object) -> ReleaseFacts:
    return replace(facts, declared=Declared(template=template, template_file="cards/reviews.md.j2"), **more)


def body(card: str) -> str:
    return card.split("\n---\n", 1)[1].strip()


def test_a_template_places_blocks_and_values(facts: ReleaseFacts) -> None:
    template = (
        "# 우리 데이터\n\n{{ blocks.glance }}\n\n{% for s in splits %}\n* {{ s.name }}: {{ s.rows }}행\n{% endfor %}\n"
        "{{ labels[0].classes | map(attribute='value') | sort | join(' / ') }} {{ verdict | upper }}\n"
    )
    card = body(readme(by(facts, template)))
    assert card.startswith("# 우리 데이터\n\n" + blocks_of(facts, "en")["glance"] + "\n\n* train: 3행\n")
    assert card.endswith("긍정 / 부정 PASS")
    assert readme(by(facts, template)).split("\n---\n")[0] == readme(facts).split("\n---\n")[0]


def test_all_blocks_in_order_are_the_card_itself(facts: ReleaseFacts) -> None:
    template = "".join(f"{{{{ blocks.{name} }}}}\n\n" for name in blocks_of(facts, "ko"))
    assert readme(by(facts, template), "ko") == readme(facts, "ko")


def test_values_and_the_templates_own_text_become_no_markup(facts: ReleaseFacts) -> None:
    card = body(readme(by(facts, "{{ title }}\n\n" + HOSTILE + "\n\n{{ title | replace('b', '<i>') }}")))
    first, second, third = card.split("\n\n")
    assert "<" not in first + third
    assert "](javascript" not in card
    assert second.startswith("&lt;script>") and "**b**" in second


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name.__init__.__globals__ }}",
    "{{ splits.append(1) }}",
    "{{ splits | map(attribute='__class__') | join }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ name | attr('__class__') }}",
    "{{ self.__init__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{{ range(3) }}",
    "{{ no_such_thing }}",
    "{% for %}",
    "{{ blocks.nothing }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_a_template_reaches_nothing(facts: ReleaseFacts, template: str) -> None:
    with pytest.raises(ConfigError, match=r"cards/reviews\.md\.j2(:2)? cannot be rendered") as refused:
        readme(by(facts, "line one\n" + template))
    assert "registry card lint reviews" in refused.value.hint


def test_an_error_names_the_line(facts: ReleaseFacts) -> None:
    for template in ("a\nb\n{{ no_such_thing }}", "a\nb\n{% for %}"):
        with pytest.raises(ConfigError, match=r"cards/reviews\.md\.j2:3 "):
            readme(by(facts, template))


BOMBS = {
    "loops": "{% for a in 'x' * 9999 %}{% for b in 'x' * 9999 %}{% for c in 'x' * 9999 %}" + "{% endfor %}" * 3,
    "memory": "{% set a = 'x' * 99999 %}" + "{% set a = a ~ a %}" * 40,
    "power": "{{ 9 ** (9 ** 9) }}",
    "text": "{% for a in 'x' * 9999 %}{{ 'y' * 999 }}{% endfor %}",
    "width": "{{ 'x'.ljust(99999999999) }}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
}


@pytest.mark.slow
@pytest.mark.parametrize("template", BOMBS.values(), ids=BOMBS)
def test_a_template_cannot_take_forever(facts: ReleaseFacts, template: str) -> None:
    start = time.monotonic()
    with pytest.raises(ConfigError, match="cannot be rendered"):
        readme(by(facts, template))
    assert time.monotonic() - start < 60


def test_a_template_knows_no_environment(facts: ReleaseFacts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    import registry.cards.template as module

    seen: dict[str, str] = {}
    real = module.subprocess.run

    def run(*arguments: object, **options: object) -> object:
        seen.update(options["env"])  # type: ignore[arg-type]
        return real(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(module.subprocess, "run", run)
    assert body(readme(by(facts, "{{ rows }}"))) == "3"
    assert set(seen) == {"PYTHONPATH", "PYTHONHASHSEED", "PATH"}


def test_loading_names_the_store_and_the_mirror(facts: ReleaseFacts) -> None:
    card = readme(replace(facts, version="1.2.0", store="s3://b/data sets", endpoint="https://s3.x", hub="팀/reviews"))
    assert "registry pull reviews@1.2.0 --store 's3://b/data sets'" in card
    assert "export AWS_ENDPOINT_URL=https://s3.x" in card
    assert 'registry.load("reviews@1.2.0", store="s3://b/data sets")' in card
    assert 'load_dataset("팀/reviews", revision="v1.2.0")' in card
    assert "`--store URL` names another" in readme(facts)
    hostile = readme(replace(facts, store="s3://b/x'\n```\n<script>", hub='x")\n```\n<script>'))
    assert "\n```\n<script>" not in hostile
