"""Step 0 of a pull request: what the pointers of the touched datasets name can be had by everybody."""

from __future__ import annotations

from collections.abc import Sequence

from registry.errors import EnvironmentFailed, RegistryError
from registry.judge.judge import Question
from registry.judge.obtain import Depot
from registry.model.evidence import MAX_SAMPLES, Check, DataFacts, Evidence
from registry.workspace.pointer import Pointer
from registry.workspace.workspace import Dataset, Workspace

ID = "pointer:resolves"
TOLD = 3  # files that a message names


def resolves(name: str, pointer: Pointer | None, depot: Depot) -> Check:
    """Whether the remote or the store holds every object of a pointer.

    An `error` where some are missing; not measured where neither can be asked.
    """
    if pointer is None:
        return _check("error", f"git holds no pointer of the data; mend: registry add, and commit {name}'s .dvc file")
    try:
        missing = depot.missing(pointer)
    except EnvironmentFailed as error:
        return _check("not_measured", f"nobody could be asked for its objects: {error}")
    if not missing:
        return _check("pass", "")
    if not depot.shared:
        return _check("not_measured", "no DVC remote is configured, so that other clones cannot have the data")
    named = ", ".join(list(missing)[:TOLD]) + (f" and {len(missing) - TOLD} more" if len(missing) > TOLD else "")
    many = "1 object is" if len(missing) == 1 else f"{len(missing):,} objects are"
    message = (
        f"{many} neither in DVC's remote nor in the store ({named}); "
        f"mend: registry push {name}, from a clone that has the data"
    )
    return _check("error", message, missing)


def of_the_pointer(path: str, held: Sequence[str], mend: str = "", *, pinned: bool = False) -> list[Check]:
    """What is wrong where the data that was judged may not be that of the pointer, which alone is merged.

    Files of the data that git holds (`held`) block. Other data than the pointer's, which the command `mend`
    puts right, warns where people work, and is an error where only the pointer counts (`pinned`).
    """
    found = []
    if held:
        message = f"git holds {held[0]}, which the pointer cannot speak for; mend: git rm -r --cached {path}"
        found.append(Check("pointer:in-git", "pointer", "fail", unexpected=len(held), message=message))
    if mend:
        message = f"the data judged is not what the pointer in git names; mend: {mend}"
        status, severity = ("error", "critical") if pinned else ("fail", "warning")
        found.append(Check("pointer:current", "pointer", status, severity, message=message))  # type: ignore[arg-type]
    return found


def way_back(workspace: Workspace, dataset: Dataset, pointer: Pointer, md5: str) -> str:
    """The command by which data of the id `md5` and its pointer agree again: that of another commit is replaced."""
    if workspace.git.ever_held(pointer.file, md5):
        return f"dvc checkout {pointer.stage or workspace.git.relative(pointer.file)}"
    return f"dvc repro {pointer.stage}" if pointer.stage else f"registry add {dataset.path}"


def _check(status: str, message: str, missing: dict[str, str] | None = None) -> Check:
    return Check(
        id=ID,
        type="pointer",
        status=status,  # type: ignore[arg-type]
        severity="critical" if status == "error" else "warning",
        unexpected=len(missing) if missing else None,
        samples=tuple({"file": path, "md5": md5} for path, md5 in list((missing or {}).items())[:MAX_SAMPLES]),
        message=message,
    )


def unavailable(question: Question, pointer: Pointer | None, error: RegistryError | None) -> Evidence:
    """The evidence of data that could not be had: never a pass. `error` is None where another check says why."""
    checks = []
    if error is not None:
        message = f"the data cannot be judged: {error}; mend: {error.hint}"
        if isinstance(error, EnvironmentFailed):
            message += "; or vouch for the verdict of an earlier run: --evidence FILE"
        checks = [Check(id="pointer:data", type="pointer", status="error", message=message)]
    return Evidence.of(
        checks=checks,
        fail_on=question.workspace.config.fail_on,
        dataset=question.dataset.name,
        data=DataFacts(
            "", (pointer and pointer.files) or 0, (pointer and pointer.size) or 0, 0, {}, pointer.md5 if pointer else ""
        ),
        ruleset=question.rules.sha256,
        engine=question.engine,
    )
