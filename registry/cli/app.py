"""The `registry` command."""

from __future__ import annotations

import importlib
import os
import signal
import sys

import typer

from registry.cli.failures import report, sink_of

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
    "plan",
    "release",
    "report",
    "card",
    "list",
    "show",
    "pull",
    "verify",
)

for _name in COMMANDS:
    importlib.import_module(f"registry.cli.commands.{_name}").register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"registry {version('dataset-release-registry')}\n")
        raise typer.Exit


@app.callback()
def root(
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
    except typer.Exit as done:
        code = done.exit_code
    except typer.Abort:
        code = report(KeyboardInterrupt(), sink_of(given))
    except BaseException as error:  # noqa: BLE001 (the last line of defence; SystemExit passes)
        if isinstance(error, SystemExit):
            raise
        code = report(error, sink_of(given))
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _terminate(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
