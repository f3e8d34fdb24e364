import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import IntegrityError
from registry.model.digest import canonical
from registry.model.names import Version
from registry.model.release import Artefact, ChangeFact, Manifest, Reference, SplitFacts

MANIFEST = Manifest(
    name="reviews",
    version=Version(1, 2),
    previous="1.1.0",
    content="a" * 64,
    data={
        "sha256": "b" * 64,
        "dvc": {"path": "data/reviews", "md5": "c" * 32 + ".dir"},
        "files": 2,
        "bytes": 10,
        "rows": 3,
    },
    splits={"test": SplitFacts(3, "d" * 64, True, "1.0.0")},
    schema="e" * 64,
    ruleset="f" * 64,
    evidence="0" * 64,
    verdict="pass",
    artefacts={"README.md": Artefact("1" * 64, 5)},
    level="minor",
    facts=(ChangeFact("split-changed", "minor", split="train", count=3),),
    source={"git": "2" * 40},
    released_by="김",
    license="mit",
    title="후기",
    tools={"duckdb": "2.0.0"},
)
NOTHING = object()


def parse(document):
    return Manifest.parse(canonical(document), name="reviews", version=Version(1, 2))


def test_a_manifest_reads_back():
    assert Manifest.parse(MANIFEST.to_bytes(), name="reviews", version=Version(1, 2)) == MANIFEST


def paths(value, at=()):
    yield at
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], (*at, key))


FREE = {"title", "tools", "source", "facts", "detail"}


@pytest.mark.parametrize("path", [p for p in paths(MANIFEST.to_json()) if p and not FREE & set(p)], ids="/".join)
@pytest.mark.parametrize(
    "wrong", [NOTHING, None, [], -1, "../x", {"a": 1}], ids=["gone", "null", "list", "-1", "text", "map"]
)
def test_a_manifest_with_one_wrong_field_is_refused_or_means_the_same(path, wrong):
    if wrong is NOTHING and path[-2:-1] in (("splits",), ("artefacts",)):
        wrong = None  # one split or document less is a manifest too, of another digest
    document = json.loads(MANIFEST.to_bytes())
    node = document
    for key in path[:-1]:
        node = node[key]
    if wrong is NOTHING:
        del node[path[-1]]
    else:
        node[path[-1]] = wrong
    try:
        found = parse(document)
    except IntegrityError:
        return
    # Only fields that are free text or optional may pass, and then nothing else changed.
    assert path[-1] in ("previous", "verdict", "unchanged_since", "released_by", "license", "path", "change", "frozen")
    assert (found.name, found.version, found.content) == ("reviews", Version(1, 2), MANIFEST.content)


def test_a_manifest_of_another_version_is_refused():
    with pytest.raises(IntegrityError, match=r"belongs to reviews@1\.2\.0"):
        Manifest.parse(MANIFEST.to_bytes(), name="reviews", version=Version(1, 3))


def test_a_newer_format_is_named():
    with pytest.raises(IntegrityError, match=r"registry\.manifest/2"):
        parse({**MANIFEST.to_json(), "format": "registry.manifest/2"})


@given(st.binary(max_size=100))
def test_noise_is_no_reference(data):
    with pytest.raises(IntegrityError):
        Reference.parse(data)
