"""The dataset card: `README.md`, whose front matter loads and whose body explains.

The headings are those of the Hub's template, which tools parse. Every number comes from
the facts; what nobody declared is shown as such. Nothing from the data becomes markup.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from registry.cards.hub import UNSPLIT, hub_splits, license_fields, metadata
from registry.cards.markdown import code, plain, prose, table
from registry.cards.template import fill
from registry.cards.words import WORDS
from registry.cards.yaml import front_matter
from registry.model.evidence import Evidence
from registry.model.facts import ReleaseFacts
from registry.reports.measured import NAMED, grouped, limit_words, measure_for, result
from registry.reports.names import visible
from registry.reports.process import PLACE, Line, lines_of
from registry.reports.quality import measure, quality_json
from registry.reports.reasons import korean
from registry.reports.shared import at_fault
from registry.reports.text import LANGS, Text
from registry.reports.told import SAYERS, finding_of

SAMPLE_COLUMNS = 8
SAMPLE_CUT = 80  # characters
SAMPLE_ROWS = 2  # of a split
SAID = 600  # characters shown of what a record says


@dataclass(frozen=True, slots=True)
class Writer:
    """The facts, and the language they are told in."""

    facts: ReleaseFacts
    text: Text

    def say(self, key: str, **values: str) -> str:
        """A word of the card; `values` are ready Markdown."""
        return WORDS[key][LANGS.index("ko" if self.text.lang == "ko" else "en")].format(**values)

    def number(self, formatted: object) -> str:
        """A formatted number as Markdown; only `<` of `<0.1%` needs care."""
        return str(formatted).replace("<", "&lt;").replace(">", "&gt;")

    def section(self, name: str, under: int) -> str:
        """The declared prose of a section, or that it is not declared."""
        declared = self.facts.declared.section(name)
        return prose(declared, under=under) if declared else self.undeclared

    def field(self, name: str) -> str:
        """The declared field, or that it is not declared."""
        known = self.facts.declared.values(name)
        return ", ".join(plain(value) for value in known) if known else self.undeclared

    @property
    def undeclared(self) -> str:
        """The mark of what nobody declared."""
        return f"_{self.say('undeclared')}_"


def readme(facts: ReleaseFacts, lang: str = "en") -> str:
    """The card as Markdown; the English one carries the front matter, the Korean one is for people."""
    blocks = blocks_of(facts, lang)
    body = fill(facts, lang, blocks) if facts.declared.template else _joined(blocks.values()) + "\n"
    return f"{front_matter(metadata(facts))}\n{body}" if lang == "en" else body


def blocks_of(facts: ReleaseFacts, lang: str) -> dict[str, str]:
    """The parts of the card in order, as Markdown; a template of the user's places them."""
    writer = Writer(facts, Text(lang))
    return {
        "title": f"# {writer.say('card', title=plain(facts.heading, 200))}",
        "summary": _summary(writer),
        "glance": _glance(writer),
        "load": _joined(_loading(writer)),
        "details": _joined(_details(writer)),
        "structure": _joined(_structure(writer)),
        "creation": _joined(_creation(writer)),
        "limits": _joined(_limits(writer)),
        "quality": _joined(_quality(writer)),
        "versions": _joined(_versions(writer)),
        "end": _joined(_end(writer)),
    }


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _summary(w: Writer) -> str:
    korean = w.facts.declared.text("summary_ko") if w.text.lang == "ko" else ""
    summary = korean or w.facts.declared.text("summary")
    return plain(summary, 2000) if summary else w.undeclared


def _glance(w: Writer) -> str:
    facts, profile, text = w.facts, w.facts.profile, w.text
    license_name = license_fields(facts)
    splits = ", ".join(f"{code(name)} {w.number(text.count(rows))}" for name, rows in facts.splits)
    missing, repeated = profile["missing"], profile["duplicates"]
    measured = [
        ("version", code(facts.version or "–")),
        ("rows", text.count(facts.rows)),
        ("splits", splits),
        ("columns-fact", text.count(len(profile["columns"]))),
        ("size", f"{text.size(facts.files.bytes)} ({plain(facts.format)}, {text.n('files', len(facts.files))})"),
        ("missing", w.number(text.share(missing["share"]))),
        ("repeated", f"{text.count(repeated['rows'])} ({w.number(text.share(repeated['share']))})"),
        ("verdict", _verdict(w)),
        *_annotator_columns(w),
        ("digest", code(f"sha256:{facts.files.sha256}")),
    ]
    declared = [
        (
            "license",
            _license(license_name) if license_name else w.undeclared,
        ),
        ("language", w.field("language")),
        ("personal-data", w.field("personal_data")),
        ("synthetic", w.field("synthetic")),
    ]
    rows = [(w.say(key), value, w.say("measured")) for key, value in measured]
    rows += [(w.say(key), value, w.say("declared")) for key, value in declared]
    return table([w.say("fact"), w.say("value"), w.say("source")], rows)


def _license(known: Mapping[str, str]) -> str:
    """The licence by its name, with the address of its text where one is declared."""
    name = known.get("license_name") or known["license"]
    return plain(" ".join(filter(None, [name, known.get("license_link", "")])))


def _annotator_columns(w: Writer) -> Iterable[tuple[str, str]]:
    annotators = [c["name"] for c in w.facts.profile["columns"] if c["role"] == "annotator"]
    if annotators:
        yield "annotator-columns", w.text.count(len(annotators))


def _findings(w: Writer, evidence: Evidence) -> str:
    """What checks of labels, people and provenance found: a line each, as the quality evaluation says it."""
    order = list(SAYERS)
    checks = sorted((c for c in evidence.checks if c.type in order), key=lambda c: (order.index(c.type), c.id))
    return "\n".join(f"- {_finding(w, measure(check, fail_on=evidence.fail_on))}" for check in checks)


def _finding(w: Writer, found: Mapping[str, Any]) -> str:
    """`**Name** value: more of it (id)`; the status and why where nothing was measured."""
    name = f"**{plain(w.text.pick(measure_for(found).name))}**"
    if not found["measured"]:
        why = _reason(w, found)
        parts = [str(w.text(f"status.{found['status']}")), *([why] if why else [])]
    else:
        said = _text(finding_of(found, w.text))
        parts = [_text(result(found, w.text)), *([said] if said else [])]
    return f"{name} {code(found['id'])}: {'; '.join(parts)}"


def _verdict(w: Writer) -> str:
    evidence = w.facts.evidence
    if evidence is None:
        return w.say("verdict.none")
    statuses = [check.status for check in evidence.checks]
    passed = statuses.count("pass")
    measured = passed + statuses.count("fail") + statuses.count("waived")
    verdict = str(w.text(f"status.{evidence.verdict}"))
    line = w.say("verdict.sentence", verdict=verdict, passed=str(passed), measured=str(measured))
    unknown = statuses.count("not_measured")
    return f"{line}; {w.say('unmeasured', n=str(unknown))}" if unknown else line


def _loading(w: Writer) -> Iterable[str]:
    facts = w.facts
    store = visible(facts.store)
    commands = [f"export AWS_ENDPOINT_URL={shlex.quote(visible(facts.endpoint))}"] if store and facts.endpoint else []
    commands += [f"registry pull {facts.ref}" + (f" --store {shlex.quote(store)}" if store else "")]
    python = f'import registry\nds = registry.load("{facts.ref}"' + (f", store={_literal(store)})" if store else ")")
    python += f'\n\nfrom datasets import load_dataset\nds = load_dataset("./{facts.name}")  # after registry pull'
    yield f"## {w.say('load')}"
    yield "```bash\n" + "\n".join(commands) + "\n```"
    yield f"```python\n{python}\n```"
    if not store:
        yield w.say("load.here")
    if facts.hub:
        revision = f', revision="v{facts.version}"' if facts.version else ""
        yield w.say("load.hub", repository=code(facts.hub))
        yield f"```python\nds = load_dataset({_literal(visible(facts.hub))}{revision})\n```"
    if not facts.split_files and facts.split_column and hub_splits(facts)[0][0] == UNSPLIT:
        yield w.say("one-split", column=code(facts.split_column), split=code(UNSPLIT))
    if facts.format in ("csv", "tsv"):
        yield w.say("csv")


def _literal(text: str) -> str:
    """`text` as a Python string that no quote in it can end."""
    return json.dumps(text, ensure_ascii=False)


def _details(w: Writer) -> Iterable[str]:
    facts = w.facts
    license_name = license_fields(facts)
    lines = [
        (w.say("curated"), plain(facts.released_by) if facts.released_by else w.undeclared),
        (w.say("language"), w.field("language")),
        (w.say("license"), _license(license_name) if license_name else w.undeclared),
    ]
    yield f"## {w.say('details')}\n\n### {w.say('description')}"
    if facts.schema.description:
        yield plain(facts.schema.description, 2000)
    yield "\n".join(f"- **{name}:** {value}" for name, value in lines)
    yield f"### {w.say('sources')}"
    repository = facts.declared.text("repository") or facts.repository
    sources = [("repository", plain(repository) if repository else w.undeclared), ("homepage", w.field("homepage"))]
    yield "\n".join(f"- **{w.say(name)}:** {value}" for name, value in sources)
    yield f"## {w.say('uses')}\n\n### {w.say('direct')}"
    yield w.section("purpose", 3)
    yield f"### {w.say('out-of-scope')}"
    yield w.section("out-of-scope", 3)


def _structure(w: Writer) -> Iterable[str]:
    profile, text = w.facts.profile, w.text
    yield f"## {w.say('structure')}\n\n### {w.say('columns')}"
    heads = [w.say(key) for key in ("column", "type", "role", "about", "missing.head", "distinct")]
    rows = [
        [
            code(c["name"], 60),
            code(c["type"]),
            plain(c["role"] or ""),
            plain(c["description"], 200),
            w.number(text.share(c["overall"]["null_share"])),
            text.count(c["overall"]["distinct"]),
        ]
        for c in profile["columns"]
    ]
    yield table(heads, rows, right=2)
    for label in profile["labels"]:
        yield from _labels(w, label)
    yield f"### {w.say('sample')}"
    yield from _sample(w)


def _labels(w: Writer, label: Mapping[str, Any]) -> Iterable[str]:
    splits = [name for name, _ in w.facts.splits]
    yield f"### {w.say('labels')}"
    yield w.say("labels.of", column=code(label["column"], 60))
    rows = [
        [code(entry["value"], 60), *(_share(w, entry["splits"][split]) for split in splits)]
        for entry in label["classes"]
    ]
    yield table([w.say("class"), *(code(split, 60) for split in splits)], rows, right=len(splits))


def _share(w: Writer, entry: Mapping[str, Any]) -> str:
    return f"{w.text.count(entry['count'])} ({w.number(w.text.share(entry['share']))})"


def _sample(w: Writer) -> Iterable[str]:
    profile = w.facts.profile
    if not profile["sample"]:
        yield w.say("no-examples")
        return
    shown = profile["columns"][:SAMPLE_COLUMNS]
    rows: list[list[str]] = []
    taken: dict[str, int] = {}
    for entry in profile["sample"]:
        taken[entry["split"]] = taken.get(entry["split"], 0) + 1
        if taken[entry["split"]] <= SAMPLE_ROWS:
            values = [entry["values"][index] for index in range(len(shown))]
            rows.append([code(entry["split"], 60), *(_value(value) for value in values)])
    yield w.say("sample.says")
    yield table([w.say("split"), *(code(c["name"], 60) for c in shown)], rows)


def _value(value: str | None) -> str:
    return "_null_" if value is None else plain(value, SAMPLE_CUT)


def _creation(w: Writer) -> Iterable[str]:
    yield f"## {w.say('creation')}\n\n### {w.say('rationale')}"
    yield w.say("see-direct") if w.facts.declared.section("purpose") else w.undeclared
    yield f"### {w.say('source-data')}\n\n#### {w.say('collection')}"
    yield w.section("collection", 4)
    yield f"#### {w.say('producers')}"
    yield w.field("source_datasets")
    yield f"#### {w.say('source-licences')}"
    yield w.section("source-licences", 4)
    yield _sources(w)
    yield f"### {w.say('annotations')}\n\n#### {w.say('annotation')}"
    yield w.section("annotation", 4)
    if w.facts.declared.has("guideline"):
        yield f"- **{w.say('guideline')}:** {w.field('guideline')}"
    yield from _process(w)
    yield f"#### {w.say('annotators')}"
    yield _annotators(w)
    yield f"#### {w.say('personal')}"
    yield w.field("personal_data")
    if w.facts.declared.section("personal-data"):
        yield w.section("personal-data", 4)


def _sources(w: Writer) -> str:
    """The declared source datasets as a table; nothing where there are none."""
    told = w.facts.declared.process.sources
    keys = ("name", "version", "license", "digest", "url")
    rows = [[plain(source[key], 200) if key in source else "" for key in keys] for source in told]
    return table([w.say(f"source.{key}") for key in keys], rows) if rows else ""


def _process(w: Writer) -> Iterable[str]:
    """What people recorded of the making, with the files that ship; nothing where nothing is recorded."""
    process = w.facts.declared.process
    rows = [[plain(line.name), _said(line, w)] for line in lines_of(process, w.text)]
    if rows:
        yield f"#### {w.say('process')}"
        yield table([w.say("record"), w.say("declared-value")], rows)
    if process.attachments:
        yield f"#### {w.say('attachments')}"
        heads = [w.say(key) for key in ("file", "size", "file-digest")]
        files = [[code(f"{PLACE}/{a.path}"), w.text.size(a.size), code(a.sha256)] for a in process.attachments]
        yield table(heads, files)


def _annotators(w: Writer) -> str:
    """Who the annotators are: their kind, else that a record tells of them, else that nobody declared it."""
    told = not w.facts.declared.has("annotations_creators") and w.facts.declared.process.has("annotators")
    return w.say("see-records") if told else w.field("annotations_creators")


def _said(line: Line, w: Writer) -> str:
    parts = [f"{plain(key)}: {plain(said, SAID)}" for key, said in line.parts]
    parts += [code(line.attachment.path)] if line.attachment else []
    return "; ".join(parts) or w.undeclared


def _limits(w: Writer) -> Iterable[str]:
    yield f"## {w.say('bias')}"
    yield w.section("bias", 2)
    yield f"### {w.say('recommendations')}"
    yield w.section("recommendations", 3)


def _quality(w: Writer) -> Iterable[str]:
    yield f"## {w.say('quality')}"
    evidence = w.facts.evidence
    if evidence is None:
        yield w.say("verdict.none")
        return
    yield f"{_verdict(w)}."
    yield _findings(w, evidence)
    yield _checks(w, evidence)
    yield w.say("reports")


def _checks(w: Writer, evidence: Evidence) -> str:
    """Every check with what was measured and its limit; what needs attention first, rules that pass gathered."""
    document = quality_json(evidence, w.facts)
    measures = [group for family in document["families"] for group in grouped(family["measures"])]
    measures.sort(key=lambda group: group[0]["status"] == "pass")
    heads = [w.say(key) for key in ("check", "status", "found", "limit", "reason")]
    return table(heads, [_check(w, group) for group in measures])


def _check(w: Writer, group: Sequence[Mapping[str, Any]]) -> list[str]:
    found = group[0]
    if len(group) > 1:
        name = f"{plain(w.text.pick(measure_for(found).name))} ({w.text.n('columns', len(group))})"
    else:
        name = f"{plain(w.text.pick(measure_for(found).name))} {code(found['id'])}"
    cells = [_text(result(found, w.text)), plain(limit_words(found, w.text))]
    return [name, str(w.text(f"status.{found['status']}")), *cells, _reason(w, found)]


def _reason(w: Writer, found: Mapping[str, Any]) -> str:
    """Why it is waived or was not measured; else the columns at fault, where the check names any."""
    waived = (found["waiver"] or {}).get("reason")
    if waived or not found["measured"]:
        told = korean(found["message"]) if w.text.lang == "ko" else None
        return plain(waived or told or found["message"], 200)
    return ", ".join(code(column) for column in at_fault(found["samples"])[:NAMED])


def _text(markup: Markup) -> str:
    return plain(markup.striptags())


def _versions(w: Writer) -> Iterable[str]:
    from registry.cards.changelog import fact_line

    facts = w.facts
    yield f"## {w.say('versions')}"
    if facts.previous:
        yield w.say("change", previous=code(facts.previous), level=w.say(f"level.{facts.level}"))
        yield "\n".join(f"- {fact_line(fact, w.text.lang)}" for fact in facts.changes)
    elif facts.version:
        yield w.say("change.first")
    yield w.section("maintenance", 2)


def _end(w: Writer) -> Iterable[str]:
    declared = w.facts.declared
    yield f"## {w.say('citation')}"
    yield w.field("citation") if not declared.has("doi") else f"{w.field('citation')} DOI: {w.field('doi')}"
    if declared.extra:
        yield f"## {w.say('more')}"
        for heading, body in declared.extra:
            yield f"### {plain(heading, 200)}"
            yield prose(body, under=3)
    yield f"## {w.say('authors')}"
    yield plain(w.facts.released_by) if w.facts.released_by else w.undeclared
    yield f"## {w.say('contact')}"
    yield w.field("contact")
