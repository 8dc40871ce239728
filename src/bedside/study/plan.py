"""The analysis plan: frozen before the data are opened, compared with what was run."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bedside.errors import PlanError
from bedside.evidence.schema import Plan
from bedside.study.declare import Study
from bedside.study.folder import RunFolder, canonical, read_json
from bedside.study.hashes import declaration, sha256


def freeze(study: Study[Any, Any, Any, Any], folder: Path, *, seed: int = 0) -> Path:
    """Write plan.json into the folder of a run to come; returns its path.

    Raises:
        PlanError: When a plan is already frozen there, or evidence exists: a plan made afterwards is none.
    """
    run = RunFolder(folder)
    run.prepare()
    if run.evidence.exists():
        msg = f"{folder} already holds evidence; a plan is frozen before the data are opened"
        raise PlanError(msg)
    if run.state.exists():
        msg = f"a run was begun in {folder}; a plan is frozen before the data are opened: choose another folder"
        raise PlanError(msg)
    if run.plan.exists():
        msg = f"{run.plan} is already frozen; plans are not changed, choose another folder"
        raise PlanError(msg)
    declared = {**declaration(study), "seed": seed}
    content = {
        "frozen_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan_hash": sha256(canonical(declared).encode()),
        "declared": declared,
    }
    run.write(run.plan, json.dumps(content, indent=2, sort_keys=True) + "\n")
    return run.plan


def compare(study: Study[Any, Any, Any, Any], folder: Path, *, seed: int) -> Plan:
    """Whether the run that is about to begin follows the plan frozen in its folder."""
    path = RunFolder(folder).plan
    if not path.exists():
        return Plan(frozen=False, followed=None, plan_hash=None, frozen_at=None)
    found = read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("declared"), dict):
        msg = f"{path} is damaged; restore it or remove it and say in the report that no plan was frozen"
        raise PlanError(msg)
    frozen = found["declared"]
    if sha256(canonical(frozen).encode()) != found.get("plan_hash"):
        msg = f"{path} was changed after it was frozen; restore it or remove it"
        raise PlanError(msg)
    now = {**declaration(study), "seed": seed}
    departures = tuple(
        f"{key}: planned {_short(frozen.get(key))}, run {_short(now.get(key))}"
        for key in sorted({*frozen, *now})
        if frozen.get(key) != now.get(key)
    )
    return Plan(
        frozen=True,
        followed=not departures,
        plan_hash=str(found["plan_hash"]),
        frozen_at=str(found.get("frozen_at")),
        departures=departures,
    )


def _short(value: object) -> str:
    text = canonical(value)
    return text if len(text) <= 200 else f"{text[:197]}..."
