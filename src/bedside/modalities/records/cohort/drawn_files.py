"""A drawn cohort as files: labels for bedside, labels for other tools of MEDS, the flow, and the declaration."""

import json
import shutil
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow.parquet as pq
from meds.schema import LabelSchema

from bedside import __version__
from bedside.errors import OutputProblem
from bedside.modalities.records.cohort.declaration import EventCohort
from bedside.modalities.records.cohort.draw import Drawn
from bedside.modalities.records.cohort.suppressed import suppressed
from bedside.modalities.records.cohort.toml import render
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.schema import SUBJECT

LABELS: Final = "labels.parquet"
MEDS_LABELS: Final = "meds_labels.parquet"
FLOW: Final = "flow.json"
COHORT: Final = "cohort.toml"
_VALUES = ("boolean_value", "integer_value", "float_value", "categorical_value")


def check_free(out: Path, *, replace: bool) -> None:
    """Refuse a folder that holds something, unless it is a cohort that may be replaced; raises OutputProblem."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / LABELS).is_file():
        msg = f"{out} exists and is no drawn cohort; give a folder that does not exist or is empty"
        raise OutputProblem(msg)
    if not replace:
        msg = f"{out} holds a drawn cohort already; give another folder, or --replace"
        raise OutputProblem(msg)


def counts(drawn: Drawn, smallest: int = 0) -> dict[str, object]:
    """Where everyone went and what was checked, for scripts; small counts withheld, and of the proof all of them."""
    proof: object = drawn.proof.json() if smallest <= 1 else "passed"
    return {**suppressed(drawn.flow, smallest), "proof": proof}


def write_drawn(
    drawn: Drawn, cohort: EventCohort, folder: EventFolder, out: Path, *, smallest: int = 0
) -> tuple[Path, ...]:
    """Write a cohort to a folder that appears whole or not at all; returns the files.

    Args:
        drawn: The cohort.
        cohort: Its declaration.
        folder: The table that it was drawn from.
        out: The folder to make.
        smallest: The smallest number of patients that the flow may show; 0 shows all.

    Raises:
        OutputProblem: The folder cannot be written.
    """
    draft = out.with_name(f".{out.name}.draft")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        drawn.labels.write_parquet(draft / LABELS)
        labels = meds_labels(drawn.labels)
        if labels is not None:
            pq.write_table(LabelSchema.align(labels.to_arrow()), draft / MEDS_LABELS)
        content = {**counts(drawn, smallest), "events": folder.digest, "bedside": __version__}
        (draft / FLOW).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
        (draft / COHORT).write_text(render(cohort), "utf-8")
        if out.exists():
            shutil.rmtree(out)
        draft.rename(out)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        msg = f"{out} cannot be written ({error.strerror}); choose a folder that can, on a disk with room"
        raise OutputProblem(msg) from error
    return tuple(path for path in (out / name for name in (LABELS, MEDS_LABELS, FLOW, COHORT)) if path.exists())


def meds_labels(labels: pl.DataFrame) -> pl.DataFrame | None:
    """Samples whose outcome is known, with the columns of MEDS alone; None where MEDS has no column for the outcome."""
    value = next((name for name in _VALUES if name in labels.columns), None)
    if value is None:
        return None
    known = labels.filter(pl.col("reason").is_null() & pl.col(value).is_not_null())
    return known.select(SUBJECT, "prediction_time", value)
