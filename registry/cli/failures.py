"""The one place that turns an error into words and an exit code."""

from __future__ import annotations

import re
import shlex
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from registry.cli.output import Out
from registry.errors import GateFailed, RegistryError
from registry.formats.plain import one_line

if TYPE_CHECKING:
    from registry.model.evidence import Evidence

INTERRUPTED = 130
BUG = 70
LOOKING = re.compile(r"registry (list|show|pull)( [^-\s,;…]\S*)?\Z")  # next steps that look into a store


def report(error: BaseException, out: Out, store: str = "") -> int:
    """Says what went wrong, and the exit code that goes with it; `store` is what the command line named."""
    if isinstance(error, KeyboardInterrupt):
        return _say(out, "interrupted", "interrupted", "run the same command again", INTERRUPTED)
    if isinstance(error, GateFailed) and error.fields.get("evidence") is not None:
        return _gate(error, error.fields["evidence"], out)
    if isinstance(error, RegistryError):
        if out.verbose:
            _traceback(error)
        return _say(out, error.code, str(error), in_store(error.hint, store), error.exit)
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
        return _help(str(error.format_message()), out)  # type: ignore[attr-defined]
    if hasattr(error, "format_message"):  # a wrong command line, in the words of the parser
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "registry"
        return _say(out, "usage", error.format_message(), f"{command} --help", 2)
    if isinstance(error, BrokenPipeError):
        return 0
    if isinstance(error, OSError):
        return _say(out, "environment", f"the system refused: {error}", "check disk space and permissions", 5)
    if isinstance(error, MemoryError):
        return _say(out, "environment", "memory ran out", "export REGISTRY_MEMORY=2GB", 5)
    _traceback(error)
    return _say(out, "bug", f"a bug of ours: {type(error).__name__}: {error}", "report it with the lines above", BUG)


def _say(out: Out, code: str, message: str, hint: str, exit_code: int) -> int:
    out.document({"format": "registry.error/1", "code": code, "message": message, "hint": hint, "exit": exit_code})
    out.alarm(f"error: {one_line(message)}")
    if hint:
        out.alarm(f"  try: {one_line(hint)}")
    return exit_code


def _help(text: str, out: Out) -> int:
    for line in text.splitlines():
        out.alarm(line)
    return 2


def in_store(step: str, store: str) -> str:
    """The next step, in the store that was named for this one; what may hold a secret is not said again.

    >>> in_store("registry list", "s3://b/data"), in_store("registry init", "s3://b/data")
    ('registry list --store s3://b/data', 'registry init')
    >>> in_store("registry list", "https://me:secret@host/x")
    'registry list'
    """
    sayable = store and not {"@", "?"} & set(store)
    return f"{step} --store {shlex.quote(store)}" if sayable and LOOKING.match(step) else step


def store_of(arguments: list[str]) -> str:
    """What `--store` says on a command line, parsed or not; empty without it."""
    for argument, following in pairwise([*arguments, ""]):
        name, _, value = argument.partition("=")
        if name == "--store":
            return value or following
    return ""


def _gate(error: GateFailed, evidence: Evidence, out: Out) -> int:
    """A refused release: the whole verdict, as `check` would give it."""
    from registry.formats.text import render
    from registry.model.evidence import check_document

    out.document(check_document([evidence]))
    out.text(render(evidence))
    out.alarm(f"error: {error.message}")
    out.alarm(f"  try: {one_line(error.hint)}")
    return error.exit


def _traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def wants(arguments: list[str], *names: str) -> bool:
    """Whether an option stands on a command line that could not be parsed."""
    return any(argument in names for argument in arguments)


def sink_of(arguments: list[str]) -> Out:
    """The sink that a command line asks for, before or without parsing it."""
    values: dict[str, Any] = {"json": wants(arguments, "--json"), "verbose": wants(arguments, "-v", "--verbose")}
    return Out(quiet=wants(arguments, "-q", "--quiet"), **values)
