"""The shape that the design asks for, held by machine."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import registry

ROOT = Path(registry.__file__).parent
MODULES = [name for _, name, _ in pkgutil.walk_packages([str(ROOT)], "registry.") if name != "registry.__main__"]

DOORS = {
    "dvc": {"content/dvc.py"},
    "great_expectations": {"checks/gx.py"},
    "duckdb": {"tables/duck.py"},
    "s3fs": {"stores/s3.py"},
    "obstore": {"stores/obs.py"},
    "urllib3": {"stores/web.py"},
    "datasets": {"consume/load.py"},
    "pandas": {"consume/load.py"},
    "huggingface_hub": {"mirrors/hub.py"},
    "pyspark": {"tables/spark.py"},
    "sklearn": {"checks/baseline.py"},
    "cleanlab": {"checks/baseline.py"},
    "sqlglot": {"tables/dialect.py"},
}
LIGHT = ["pull", "list", "show", "verify"]
HEAVY = {"dvc", "great_expectations", "pandas", "pyspark", "datasets", "duckdb", "git", "sklearn", "polars"}


def imports(file: Path):
    """(package, whether at module level) of every import in `file` that runs."""
    tree = ast.parse(file.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else names
        for name in names:
            yield name.split(".")[0], id(node) in top


@pytest.mark.parametrize("package", DOORS)
def test_a_heavy_library_has_one_door_and_is_imported_inside_a_function(package):
    used = {}
    for file in ROOT.rglob("*.py"):
        for name, at_top in imports(file):
            if name == package:
                used.setdefault(file.relative_to(ROOT).as_posix(), set()).add(at_top)
    assert {file for file in used if not file.startswith("testing/")} <= DOORS[package]
    assert not any(True in at for at in used.values())


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip(), f"{name} says nothing of itself"
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0


@pytest.mark.parametrize("command", ["--help", *(f"{name} --help" for name in LIGHT)])
def test_help_of_the_consumer_loads_no_heavy_library(command):
    code = f"import sys; sys.argv[1:] = {command.split()!r}\nimport atexit, registry.cli.app as app\n"
    code += "atexit.register(lambda: sys.stderr.write(repr(sorted({m.partition('.')[0] for m in sys.modules}))))\n"
    code += "app.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stderr))
    assert not loaded & (HEAVY | {"pyarrow", "rich", "s3fs", "fsspec", "numpy"})
    assert "typer" in loaded and done.stdout.startswith("Usage")


def test_the_readme_names_commands_and_options_that_exist():
    text = (ROOT.parent / "README.md").read_text("utf-8")
    from typer.main import get_command

    from registry.cli.app import app

    group = get_command(app)
    lines = re.findall(r"^registry (\S+)([^#\n]*)", text, re.M)
    assert len(lines) >= 6
    for name, rest in lines:
        options = {opt for param in group.commands[name].params for opt in param.opts}
        assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", rest)) <= options, (name, rest)
    for path in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT.parent / path).exists(), path
