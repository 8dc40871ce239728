"""How often each test partition has been evaluated, and by which code.

The ledger is kept per user, not per run, so that a second look at the same test data is counted wherever its
folder lies. It holds hashes only.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from bedside.evidence.schema import Ledger
from bedside.study.folder import explain


def ledger_path() -> Path:
    """The ledger's file: `BEDSIDE_LEDGER`, or one in the user's state directory, which no one clears like a cache."""
    named = os.environ.get("BEDSIDE_LEDGER")
    if named:
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "bedside" / "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class Access:
    """One evaluation: `run` identifies the run's folder and inputs, so that resuming it is not a second look."""

    validation: str
    test_hash: str
    code_hash: str
    run: str


def record(accesses: list[Access], path: Path | None = None) -> tuple[Ledger, ...]:
    """Write these evaluations down, then return the count for each, these included.

    Raises:
        OutputProblem: When the ledger cannot be written; a test partition is never opened unrecorded.
    """
    file = path or ledger_path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock"), timeout=60):
            known = _read(file)
            new = [access for access in accesses if access not in known]
            with file.open("a", encoding="utf-8") as handle:
                for access in new:
                    handle.write(json.dumps([access.validation, access.test_hash, access.code_hash, access.run]) + "\n")
                handle.flush()
                os.fsync(handle.fileno())
    except OSError as error:
        raise explain(error, file.parent) from error
    every = [*known, *new]
    return tuple(_count(access, every) for access in accesses)


def _count(access: Access, every: list[Access]) -> Ledger:
    same = [other for other in every if other.test_hash == access.test_hash]
    return Ledger(
        validation=access.validation,
        test_hash=access.test_hash,
        evaluations=len({(other.run, other.code_hash) for other in same}),
        distinct_code=len({other.code_hash for other in same}),
    )


def _read(file: Path) -> list[Access]:
    if not file.exists():
        return []
    found = []
    for line in file.read_text("utf-8").splitlines():
        try:
            validation, test_hash, code_hash, run = json.loads(line)
        except ValueError:
            continue  # a line cut short by a killed process; the evaluation it announced was not made
        found.append(Access(validation, test_hash, code_hash, run))
    return found
