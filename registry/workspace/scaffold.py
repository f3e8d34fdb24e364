"""An empty workspace, and the example declarations that ship with the package.

The example is this repository's own `schemas/ checks/ cards/ dvc.yaml`: from an installed
wheel they are read below `registry/_scaffold`, from a checkout at its top.
"""

from __future__ import annotations

from pathlib import Path

from registry.errors import InternalError
from registry.workspace import git
from registry.workspace.config import FILE
from registry.workspace.files import write_text

CONFIG = """\
# How this workspace releases its datasets. Every key: docs/reference/configuration.md
format = 1

# Where releases go. The default lives on this machine only; s3://bucket/prefix is shared.
store = "file:.registry/store"

[versioning]
preset = "ml"               # what makes a version major, minor or patch
frozen-splits = ["test"]    # a change here changes published scores

[gate]
fail-on = "critical"        # critical | warning: the lowest severity that blocks a release
# waivers = "checks/waivers.yaml"
"""

EXAMPLE_CONFIG = """
[release]
fingerprints = "salted"     # what the check `contamination` of an example compares rows with
"""

IGNORED = ("/.registry/",)
FOLDERS = ("schemas", "checks", "cards", "data")


def create(root: Path) -> list[str]:
    """Makes `root` a workspace; what exists is kept. The paths written, relative to `root`.

    DVC is initialised by the caller.
    """
    root.mkdir(parents=True, exist_ok=True)
    written = []
    if git.init(root):
        written.append(".git/")
    if not (root / FILE).exists():
        write_text(root / FILE, CONFIG)
        written.append(FILE)
    for folder in FOLDERS:
        if not (root / folder).is_dir():
            (root / folder).mkdir()
            written.append(f"{folder}/")
    if not (root / "dvc.yaml").exists():
        write_text(root / "dvc.yaml", "artifacts: {}\n")
        written.append("dvc.yaml")
    if ignore(root, IGNORED):
        written.append(".gitignore")
    return written


def ignore(root: Path, patterns: tuple[str, ...]) -> bool:
    """Adds `patterns` to `.gitignore` in `root`; whether anything was missing."""
    file = root / ".gitignore"
    text = file.read_text("utf-8") if file.exists() else ""
    missing = [pattern for pattern in patterns if pattern not in text.splitlines()]
    if missing:
        glue = "" if not text or text.endswith("\n") else "\n"
        write_text(file, text + glue + "".join(f"{pattern}\n" for pattern in missing))
    return bool(missing)


def example_root() -> Path:
    """The directory that holds the example declarations."""
    package = Path(__file__).resolve().parents[1]
    for root in (package / "_scaffold", package.parent):
        if (root / "schemas").is_dir() and (root / "dvc.yaml").is_file():
            return root
    raise InternalError("the example declarations are missing from this installation")


def copy_example(root: Path) -> list[str]:
    """Copies the example declarations into `root`; existing files are kept. The paths written.

    Their releases ship fingerprints, which their suites ask for, where the settings are still those of `create`.
    """
    written = []
    if (root / FILE).read_text("utf-8") == CONFIG:
        write_text(root / FILE, CONFIG + EXAMPLE_CONFIG)
        written.append(FILE)
    source = example_root()
    names = [Path("dvc.yaml")]
    for folder in ("schemas", "checks", "cards"):
        names += [f.relative_to(source) for f in sorted((source / folder).rglob("*")) if f.is_file()]
    for name in names:
        target = root / name
        if not target.exists() or (name.name == "dvc.yaml" and target.read_text("utf-8") == "artifacts: {}\n"):
            write_text(target, (source / name).read_text("utf-8"))
            written.append(name.as_posix())
    return written
