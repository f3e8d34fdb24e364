"""The `registry` command."""

from __future__ import annotations

import atexit
import importlib
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import typer

from registry.cli.failures import INTERRUPTED, report, sink_of, store_of

EPILOG = "Exit codes: 0 done, 1 the data failed, 2 usage, 3 integrity, 4 the state refuses, 5 environment, 6 not found."

app = typer.Typer(
    name="registry",
    help="Version, judge, document and release datasets.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# In the order of a dataset's life; each module registers its command when imported.
COMMANDS = (
    "init",
    "demo",
    "add",
    "status",
    "push",
    "check",
    "diff",
    "split",
    "drop",
    "relabel",
    "mask",
    "plan",
    "release",
    "report",
    "card",
    "lint",
    "ci",
    "list",
    "show",
    "pull",
    "verify",
    "lock",
    "sync",
    "outdated",
    "cite",
    "cache",
    "publish",
    "promote",
    "yank",
    "unyank",
    "purge",
    "fsck",
    "gc",
    "rebuild_index",
    "stats",
    "doctor",
)

for _name in COMMANDS:
    importlib.import_module(f"registry.cli.commands.{_name}").register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed

        try:
            sys.stdout.write(f"registry {installed('dataset-release-registry')}\n")
        except PackageNotFoundError:
            sys.stdout.write("registry, not installed\n")
        raise typer.Exit


def _enter(directory: Path | None) -> None:
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            from registry.errors import UsageError

            raise UsageError(
                f"-C {directory} is no directory", why=error.strerror or "", hint="registry -C DIR …"
            ) from error


@app.callback()
def root(
    directory: Path | None = typer.Option(
        None, "-C", metavar="DIR", callback=_enter, is_eager=True, help="Run as if started in DIR."
    ),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Version, judge, document and release datasets."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line; ends the process with the exit code that the interface promises."""
    given = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    signal.signal(signal.SIGTERM, _terminate)
    try:
        result = app(args=given, prog_name="registry", standalone_mode=False)
        code = result if isinstance(result, int) else 0
        if code == INTERRUPTED:  # the command line's library takes Ctrl-C for an exit without a word
            raise KeyboardInterrupt
    except typer.Exit as done:
        code = done.exit_code
    except typer.Abort:
        code = report(KeyboardInterrupt(), sink_of(given))
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        code = report(error, sink_of(given), store_of(given))
    _leave(code)


def _leave(code: int) -> None:
    """Ends the process at once: exit handlers and buffers first, then no teardown of the libraries.

    DuckDB's bindings print a page of leaked objects when the interpreter takes them apart,
    and taking apart costs a fifth of a second for nothing.
    """
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    with suppress(BrokenPipeError):
        sys.stderr.flush()
    atexit._run_exitfuncs()
    os._exit(code)


def _terminate(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
