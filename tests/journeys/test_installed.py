"""The wheel, in empty environments, away from the checkout."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.consume.everywhere import consume_everywhere
from tests.journeys.harness import CHECKOUT, Shell, plant_reviews

pytestmark = pytest.mark.slow
SCAFFOLD = ("schemas", "checks", "cards", "dvc.yaml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", str(out), str(CHECKOUT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


def install(root: Path, wheel: Path, extras: str) -> Path:
    """A fresh environment with the wheel at the tested versions; its `bin`."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", str(root)], check=True)
    constraints = ["-c", str(CHECKOUT / "constraints.txt")]
    command = [*uv, "pip", "install", "-q", "-p", str(root / "bin" / "python"), *constraints, f"{wheel}{extras}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return root / "bin"


def tracked(*paths: str) -> dict[str, str]:
    """sha256 of each tracked file below `paths`, as it is in the work tree."""
    listing = subprocess.run(["git", "ls-files", *paths], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return {name: hashlib.sha256((CHECKOUT / name).read_bytes()).hexdigest() for name in listing.stdout.split()}


def test_the_wheel_holds_the_package_and_the_scaffold_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    scaffold = {name.removeprefix("registry/_scaffold/"): d for name, d in held.items() if "/_scaffold/" in name}
    assert scaffold == tracked(*SCAFFOLD)
    package = {name: d for name, d in held.items() if ".dist-info/" not in name and "/_scaffold/" not in name}
    assert package == tracked("registry")


def test_the_whole_journey_from_the_installed_wheel(wheel, tmp_path):
    binaries = install(tmp_path / "env", wheel, "[author,load]")
    shell = Shell(tmp_path / "team", (str(binaries / "registry"),))
    shell.cwd.mkdir()
    shell("init", "--example")
    assert {p.name for p in (shell.cwd / "schemas").iterdir()} == {
        p.name for p in (CHECKOUT / "schemas").glob("*.yaml")
    }
    assert shell("init", "--example", "--json").json["written"] == []
    plant_reviews(shell.cwd / "data" / "reviews")
    shell("add", "data/reviews", "--label", "label", "--text", "text", "--key", "id", "--license", "mit")
    shell.commit("Add reviews")
    assert shell("check", "reviews", "--json").json["verdict"] == "pass"
    assert shell("release", "v1.0", "reviews", "--json").json["state"] == "released"
    code = "import registry, sys; ds = registry.load('reviews@1.0', store=sys.argv[1]); print(ds['test'].num_rows)"
    python = Shell(tmp_path, (str(binaries / "python"), "-c", code))
    assert python(shell.cwd / ".registry" / "store").out.strip() == "20"

    light = install(tmp_path / "light", wheel, "")
    consumer = Shell(tmp_path, (str(light / "registry"),), (("PATH", str(light)),))
    store = shell.cwd / ".registry" / "store"
    pulled = consumer("pull", "reviews", "--store", store, "--json").json
    assert pulled["version"] == "1.0.0" and consumer("verify", "reviews", "--json").json["ok"]
    consume_everywhere(light, store, tmp_path / "consumer")
    refused = consumer("check", "--json", cwd=shell.cwd, code=5)
    assert "dataset-release-registry[author]" in refused.json["hint"]
