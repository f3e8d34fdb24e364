"""What a consumer does where nothing but the core is installed, with the network and without it."""

from __future__ import annotations

from pathlib import Path

from registry.testing.web import WebServer
from tests.journeys.harness import Shell

LOAD = """
import importlib.util, shutil, sys, registry
assert not [name for name in ("dvc", "great_expectations", "pandas", "datasets") if importlib.util.find_spec(name)]
assert not shutil.which("git") and not shutil.which("dvc")
whole = registry.load("reviews@^1.0", split="test", as_="arrow", store=sys.argv[1])
rows = [row for batch in registry.load("reviews@^1.0", split="test", as_="arrow", store=sys.argv[1], streaming=True)
        for row in batch.to_pylist()]
assert rows == whole.to_pylist() and registry.loaded()[0]["version"] == "1.0.0"
print(len(rows))
"""


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    found = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mode) for file in found}


def consume_everywhere(binaries: Path, store: Path, place: Path) -> None:
    """Pulls, loads, verifies and syncs `reviews@1.0` of the store over the web, then all of it again offline."""
    place.mkdir()
    surroundings = (("PATH", str(binaries)), ("REGISTRY_CACHE", str(place / "cache")), ("PYTHONPATH", ""))
    with WebServer(store) as server:
        there = (*surroundings, ("REGISTRY_STORE", server.url))
        online = once(Shell(place, (str(binaries / "registry"),), there), binaries, "online", server.url)
        sent, asked = server.sent("files/"), len(server.asked)
        offline = Shell(place, (str(binaries / "registry"),), (*there, ("REGISTRY_OFFLINE", "1")))
        assert once(offline, binaries, "offline", server.url) == online
        assert (server.sent("files/"), len(server.asked)) == (sent, asked)
        offline("pull", "reviews@9", "-o", "none", code=6)


def once(shell: Shell, binaries: Path, name: str, url: str) -> tuple[dict, dict]:
    """The trees that `pull` and two `sync --frozen` give."""
    shell("pull", "reviews@1.0", "-o", f"pulled-{name}", "--json")
    assert shell("verify", f"pulled-{name}", "--json").json["ok"]
    python = Shell(shell.cwd, (str(binaries / "python"), "-c", LOAD), shell.env)
    assert int(python(url).out) > 0
    work = shell.cwd / name
    work.mkdir()
    if name == "online":
        shell("lock", "reviews@^1.0", cwd=work)
    else:
        (work / "registry.lock").write_bytes((shell.cwd / "online" / "registry.lock").read_bytes())
    assert [d["state"] for d in shell("sync", "--frozen", "--json", cwd=work).json["datasets"]] == ["pulled"]
    first = tree(work)
    assert [d["state"] for d in shell("sync", "--frozen", "--json", cwd=work).json["datasets"]] == ["unchanged"]
    assert tree(work) == first
    return tree(shell.cwd / f"pulled-{name}"), first
