"""What every command shares."""

from __future__ import annotations

import json

import pytest
from typer.main import get_command

from registry.cli import output
from registry.cli.app import app
from registry.cli.failures import report, store_of
from registry.cli.output import Out, human_bytes, width_of
from registry.errors import NotFoundError, RegistryError

SHARED = {"-C", "--store", "--json", "--quiet", "-q", "--verbose", "-v", "--no-progress", "--lang"}
WRITING = {
    "add",
    "push",
    "publish",
    "release",
    "pull",
    "promote",
    "yank",
    "unyank",
    "purge",
    "fsck",
    "gc",
    "rebuild-index",
    "doctor",
    "split",
    "drop",
    "relabel",
    "mask",
    "lock",
    "sync",
    "cache prune",
    "ci init",
}


def commands(group=None, prefix=""):
    group = group or get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_has_the_shared_options_and_an_example(name, command):
    options = {opt for param in command.params for opt in param.opts}
    assert options >= SHARED
    assert (name in WRITING) == ("--dry-run" in options)
    help_text = " ".join(command.help.split())
    assert f"Example: registry {name}" in help_text
    assert len(command.help.splitlines()[0]) <= 45
    assert all(getattr(param, "help", None) for param in command.params)


def errors(kind=RegistryError):
    for below in kind.__subclasses__():
        yield below
        yield from errors(below)


@pytest.mark.parametrize("kind", list(errors()), ids=lambda kind: kind.__name__)
def test_every_error_has_an_exit_code_of_the_interface_and_a_next_step(kind, capsys):
    error = kind("what", why="why")
    assert error.exit in (1, 2, 3, 4, 5, 6, 70) and error.code and error.hint
    assert report(error, Out()) == error.exit
    assert capsys.readouterr().err.splitlines() == ["error: what: why", f"  try: {error.hint}"]


def test_json_holds_exactly_one_document(capsys):
    out = Out(json=True)
    out.text("for people")
    out.table(("a",), [("b",)])
    report(NotFoundError("x", hint="registry list"), out)
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1 and '"exit":6' in captured.out


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (OSError(28, "No space left"), 5), (MemoryError(), 5), (ValueError("x"), 70)],
)
def test_errors_of_others_have_a_code_too(error, code, capsys):
    assert report(error, Out()) == code
    assert "try:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"),
     (999_950, "1.0 MB"), (30_200_000, "30.2 MB"), (5 * 10**18, "5000.0 PB")]
)  # fmt: skip
def test_sizes(size, text):
    assert human_bytes(size) == text


def test_wide_characters_take_two_cells(capsys):
    assert width_of("가나") == 4 and width_of("ab") == 2 and width_of(Out().style("ab", "bold", "red")) == 2
    Out().table(("name", "n"), [("가나", "1"), ("abcd", "2")])
    assert capsys.readouterr().out.splitlines() == ["name  n", "가나  1", "abcd  2"]


def test_control_characters_from_data_are_shown_not_obeyed(capsys):
    Out().text("a\x1b[31mb\x07\u202ec\x9b")
    shown = capsys.readouterr().out
    assert not any(c in shown for c in "\x1b\x07\u202e\x9b") and "a␛[31mb␇" in shown


@pytest.mark.parametrize("person", [True, False])
def test_styles_are_ours_and_escapes_of_data_are_not(monkeypatch, capsys, person):
    monkeypatch.setattr(output, "_colours", lambda stream: person)
    out = Out()
    out.text(out.style("x\x1b[41m\x07", "bold") + "\x1b]0;title\x07")
    shown = capsys.readouterr().out
    assert shown == ("\x1b[1mx␛[41m␇\x1b[0m␛]0;title␇\n" if person else "x␛[41m␇␛]0;title␇\n")


def test_a_title_begins_no_line_of_its_own(capsys):
    Out().table(("dataset",), [("a\n::error::planted",)])
    report(NotFoundError("x\n::error::planted"), Out())
    captured = capsys.readouterr()
    assert "\n::error::" not in captured.out + captured.err


def test_half_a_character_ends_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    Out(json=True).document({"title": "\ud800가"})
    assert json.loads(capsys.readouterr().out)["title"].endswith("가")


@pytest.mark.parametrize("words", [[], ["cache"], ["card"]], ids=" ".join)
def test_a_command_without_a_command_shows_its_help_as_it_is(words, capsys):
    with pytest.raises(Exception) as caught:
        app(args=words, prog_name="registry", standalone_mode=False)
    assert report(caught.value, Out()) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"Usage: {' '.join(['registry', *words])} [OPTIONS] COMMAND [ARGS]..."
    assert "Commands:" in lines and not any("␊" in line or "error:" in line for line in lines)


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("registry list", "registry list --store 's3://b/내 자료'"),
        ("registry show reviews@1.0.0", "registry show reviews@1.0.0 --store 's3://b/내 자료'"),
        ("registry list --store s3://bucket/datasets", "registry list --store s3://bucket/datasets"),
        ("ask whoever runs it: registry rebuild-index", "ask whoever runs it: registry rebuild-index"),
    ],
)
def test_the_next_step_looks_into_the_store_that_was_named(hint, shown, capsys):
    report(NotFoundError("x", hint=hint), Out(), store_of(["pull", "--store", "s3://b/내 자료", "x"]))
    assert f"  try: {shown}\n" in capsys.readouterr().err
    assert store_of(["list", "--store=a"]) == "a" and store_of(["list"]) == "" == store_of(
        ["list", "--store"]
    ) == store_of([])


def test_a_log_that_github_reads_holds_no_command_of_a_stranger(monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for hostile in ("::add-mask::x", "  ::error::x", "a\n::set-output name=x::y", "x ##[add-mask]y", "###[error]y"):
        Out().text(hostile)
        Out().alarm(hostile)
        Out().table(("name",), [(hostile,)])
        shown = capsys.readouterr()
        for line in (shown.out + shown.err).splitlines():
            assert not line.strip().startswith("::") and "##[" not in line
    Out().text("::error file=a::b", commands=True)
    assert capsys.readouterr().out == "::error file=a::b\n"
    monkeypatch.delenv("GITHUB_ACTIONS")
    Out().text("::x ##[y")
    assert capsys.readouterr().out == "::x ##[y\n"
