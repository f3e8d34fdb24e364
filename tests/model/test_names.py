from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import UsageError
from registry.model.names import Ref, Version, dataset_name, is_dataset_name, is_spec, select

numbers = st.integers(0, 10**6)
pre = st.lists(st.from_regex(r"\A(0|[1-9][0-9]{0,3}|[a-z][a-z0-9-]{0,5})\Z"), max_size=3).map(tuple)
versions = st.builds(Version, numbers, numbers, numbers, pre)


@given(versions)
def test_a_version_reads_back(version):
    assert Version.parse(str(version)) == version
    assert Version.parse(f"v{version}") == version


@given(st.lists(versions, min_size=3, max_size=3))
def test_versions_have_one_order(three):
    low, middle, high = sorted(three)
    assert low <= middle <= high and low <= high


def test_order_follows_the_specification_of_semver():
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    known = [Version.parse(text) for text in [*texts, "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0"]]
    assert all(low < high for low, high in pairwise(known))


@pytest.mark.parametrize("text", ["", "1.2.3.4", "01.2", "1.2-", "1.2-01", "latest", "v", "１.2", "1.2\n", "-1"])
def test_what_reads_as_no_version_is_refused(text):
    with pytest.raises(UsageError):
        Version.parse(text)


@pytest.mark.parametrize("text", ["reviews", "a", "klue-nli", "0x", "a--b"])
def test_legal_names(text):
    assert dataset_name(text) == text


@pytest.mark.parametrize(
    "text", ["", "-a", "a-", "A", "a_b", "a.b", "한글", "v1", "1", "1.2.0", "auto", "latest", "a" * 97, "a\n", "a/b"]
)
def test_illegal_names(text):
    assert not is_dataset_name(text)
    with pytest.raises(UsageError):
        dataset_name(text)


@pytest.mark.parametrize(
    ("spec", "chosen"),
    [
        ("latest", "2.0.0"),
        ("^1", "1.4.0"),
        ("^1.1", "1.4.0"),
        ("~1.1", "1.1.5"),
        ("~1", "1.4.0"),
        ("^0.1", "0.1.9"),
        ("^0.0.1", None),
        ("^3", None),
        ("1.1", "1.1.0"),
        ("2.1.0-rc.1", "2.1.0-rc.1"),
        ("9.9.9", None),
    ],
)
def test_selection(spec, chosen):
    known = [
        Version.parse(v) for v in ["0.1.0", "0.1.9", "0.2.0", "1.0.0", "1.1.0", "1.1.5", "1.4.0", "2.0.0", "2.1.0-rc.1"]
    ]
    assert select(spec, known) == (Version.parse(chosen) if chosen else None)


@pytest.mark.parametrize("text", ["reviews@", "reviews@^x", "reviews@1@2", "Reviews", "@1.0"])
def test_a_wrong_reference_is_refused(text):
    with pytest.raises(UsageError):
        Ref.parse(text)


def test_references():
    assert Ref.parse("reviews") == Ref("reviews", "latest")
    assert str(Ref.parse("reviews@prod")) == "reviews@prod"
    assert is_spec("^1.2") and not is_spec("^latest")


@pytest.mark.parametrize(
    ("before", "level", "after"),
    [
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("2.0.0-rc.1", "major", "2.0.0"),
        ("1.3.0-rc.1", "minor", "1.3.0"),
        ("1.3.1-rc.1", "patch", "1.3.1"),
        ("1.3.0-rc.1", "major", "2.0.0"),
    ],
)
def test_bumping(before, level, after):
    assert Version.parse(before).bump(level) == Version.parse(after)
