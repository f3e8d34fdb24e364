"""The loopback Hub keeps the Hub's rules, seen through the unmodified client."""

from __future__ import annotations

import pytest

from registry.testing import hub_routes
from registry.testing.hub import loopback_hub

errors = pytest.importorskip("huggingface_hub.errors")
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # of the client itself
NAME = "my-team/reviews"
FILES = {"README.md": b"# hi\n", "큰/big.parquet": bytes(range(256)) * 4, "a b.csv": "글\n1\n".encode(), "z.csv": b"z"}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with loopback_hub() as found:
        yield found


def api(hub, token):
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub.endpoint, token=token)


@pytest.fixture
def kim(hub):
    """Kim's client, and a repository with one commit that is tagged."""
    from huggingface_hub import CommitOperationAdd

    client = api(hub, hub.token("kim", "my-team"))
    client.create_repo(NAME, repo_type="dataset", private=True)
    adding = [CommitOperationAdd(path, data) for path, data in FILES.items()]
    made = client.create_commit(NAME, adding, commit_message="Add", repo_type="dataset")
    client.create_tag(NAME, tag="v1.0.0", revision=made.oid, repo_type="dataset")
    return client


def status(work):
    with pytest.raises(errors.HfHubHTTPError) as caught:
        work()
    return caught.value.response.status_code


def test_what_was_committed_is_downloaded(hub, kim, tmp_path):
    folder = kim.snapshot_download(NAME, repo_type="dataset", revision="v1.0.0", local_dir=tmp_path / "x")
    assert {path: (tmp_path / "x" / path).read_bytes() for path in FILES} == FILES
    assert folder.endswith("x") and hub.repository(NAME).at("v1.0.0").tree["큰/big.parquet"].sha256


def test_a_listing_has_pages(hub, kim, monkeypatch):
    monkeypatch.setattr(hub_routes, "PAGE", 2)
    listed = {entry.path for entry in kim.list_repo_tree(NAME, recursive=True, repo_type="dataset")}
    assert listed == {*FILES, ".gitattributes", "큰"}
    assert {entry.path for entry in kim.list_repo_tree(NAME, "큰", repo_type="dataset")} == {"큰/big.parquet"}


def test_ranges(hub, kim):
    from huggingface_hub.utils import build_hf_headers, get_session

    url = f"{hub.endpoint}/datasets/{NAME}/resolve/v1.0.0/z.csv"
    for wanted, code, body in (("bytes=0-0", 206, b"z"), ("bytes=-9", 206, b"z"), ("bytes=1-", 416, b"")):
        headers = build_hf_headers(token=kim.token) | {"Range": wanted}
        answer = get_session().get(url, headers=headers)
        assert (answer.status_code, answer.content) == (code, body)


def test_who_may_what(hub, kim):
    lee, reader = api(hub, hub.token("lee")), api(hub, hub.token("choi", "my-team", writes=False))
    with pytest.raises(errors.RepositoryNotFoundError):
        lee.dataset_info(NAME)
    with pytest.raises(errors.RepositoryNotFoundError):
        api(hub, False).dataset_info(NAME)
    assert (
        reader.dataset_info(NAME).private
        and status(lambda: reader.delete_tag(NAME, tag="v1.0.0", repo_type="dataset")) == 403
    )
    assert status(lambda: api(hub, "hf_wrong").dataset_info(NAME)) == 401
    assert status(lambda: lee.create_repo("my-team/other", repo_type="dataset")) == 403


def test_a_gated_repository_asks_for_admission(hub, kim, tmp_path):
    kim.update_repo_settings(NAME, repo_type="dataset", gated="manual", private=False)
    lee = api(hub, hub.token("lee"))
    wanted = {"filename": "z.csv", "repo_type": "dataset", "cache_dir": tmp_path}
    assert lee.dataset_info(NAME).gated == "manual"
    with pytest.raises(errors.GatedRepoError):
        lee.hf_hub_download(NAME, **wanted)
    hub.repository(NAME).admitted.add("lee")
    assert lee.hf_hub_download(NAME, **wanted)


def test_references_and_parents(hub, kim):
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    head = kim.dataset_info(NAME).sha
    assert status(lambda: kim.create_tag(NAME, tag="v1.0.0", repo_type="dataset")) == 409
    assert status(lambda: kim.create_repo(NAME, repo_type="dataset")) == 409
    kim.create_branch(NAME, branch="other", repo_type="dataset")
    made = kim.create_commit(
        NAME, [CommitOperationDelete("z.csv")], commit_message="Less", repo_type="dataset", parent_commit=head
    )
    late = [CommitOperationAdd("y.csv", b"y")]
    assert (
        status(lambda: kim.create_commit(NAME, late, commit_message="Late", repo_type="dataset", parent_commit=head))
        == 412
    )
    refs = kim.list_repo_refs(NAME, repo_type="dataset")
    assert {ref.name: ref.target_commit for ref in refs.branches} == {"main": made.oid, "other": head}
    with pytest.raises(errors.RevisionNotFoundError):
        kim.dataset_info(NAME, revision="v9")
    with pytest.raises(errors.RemoteEntryNotFoundError):
        kim.hf_hub_download(NAME, "z.csv", repo_type="dataset", revision=made.oid)


def test_a_card_with_broken_metadata_is_refused(hub, kim):
    from huggingface_hub import CommitOperationAdd

    card = CommitOperationAdd("README.md", b"---\nlicense: [\n---\n")
    with pytest.raises(ValueError, match="Invalid metadata"):
        kim.create_commit(NAME, [card], commit_message="Bad", repo_type="dataset")
