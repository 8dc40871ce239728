"""Predictors that give the outcome away, told to the person before anything is trained.

Nothing is chosen by this look at the outcomes: a suspect stays a predictor until the person excludes it.
"""

import difflib

import numpy as np
import polars as pl

from bedside.data.audit import suspects
from bedside.endpoints.time_to_event.outcome import Followed
from bedside.errors import TableProblem
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.dates import moments
from bedside.modalities.tabular.inference import Inference
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.vocabulary import codes, words_seen
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.declaration import Declaration
from bedside.own_data.followed import follow_ups
from bedside.own_data.time_leakage import time_notes
from bedside.types import Floats, Integers

_SAME = (
    frozenset(
        ("died", "dead", "death", "deceased", "mortality", "expired", "alive", "survived", "survival", "vital", "dod")
    ),
    frozenset(("readmitted", "readmission", "readmit")),
    frozenset(("diagnosis", "diagnosed", "dx", "disease", "label", "target", "outcome", "class")),
)
"""Words that say the same about an outcome."""

_EMPTY_WORDS = frozenset(
    ("in", "at", "of", "the", "is", "has", "was", "day", "days", "d", "flag", "status", "hospital")
)


def leakage_notes(declared: Declaration, table: Table, found: Inference) -> list[str]:
    """Notes on predictors that are near perfect alone, named like the outcome, or dated after the index time."""
    perfect = _near_perfect(declared, table)
    notes: list[str] = []
    quiet: list[str] = []
    if declared.follow_up is not None:
        notes, quiet = time_notes(declared, declared.follow_up, table, found)
    for name in declared.predictors:
        alike = named_alike(name, declared.outcome.column)
        if name in perfect and alike:
            notes.append(
                f"LEAK? {name!r} is named like the outcome and alone gives it away ({perfect[name]}); "
                f"it is very likely the outcome itself: exclude it"
            )
        elif name in perfect:
            notes.append(
                f"LEAK? {name!r} alone gives the outcome away ({perfect[name]}); "
                "exclude it unless it is truly known at the moment of prediction"
            )
        elif alike and not any(note.startswith((repr(name), f"LEAK? {name!r}")) for note in (*notes, *quiet)):
            quiet.append(
                f"{name!r} is named like the outcome {declared.outcome.column!r}; exclude it unless it is known before"
            )
        if f"{name} missing" in perfect:
            notes.append(f"LEAK? whether {name!r} is missing gives the outcome away ({perfect[f'{name} missing']})")
    return [*notes, *quiet, *_late(declared, table, found)]


def named_alike(name: str, outcome: str) -> bool:
    """Whether a column is named like the outcome.

    Example:
        >>> named_alike("died_in_hospital", "died"), named_alike("mortality", "died"), named_alike("age", "died")
        (True, True, False)
    """
    one, other = (set(plain_name(each).split("_")) - _EMPTY_WORDS for each in (name, outcome))
    if not one or not other:
        return plain_name(name) == plain_name(outcome)
    if one <= other or other <= one:
        return True
    if any(one & same and other & same for same in _SAME):
        return True
    close = difflib.SequenceMatcher(None, plain_name(name), plain_name(outcome)).ratio()
    return close >= 0.85 and len(outcome) > 4


def _near_perfect(declared: Declaration, table: Table) -> dict[str, str]:
    """Near-perfect predictors (and their missingness) with their strength in words."""
    outcome = declared.outcome_column()
    target = _outcome_cells(declared, table)
    known = target.is_not_null()
    frame = table.restricted(declared.predictor_schema()).frame.filter(known)
    classes, values = _target(outcome, target.filter(known))
    columns: list[tuple[str, Floats]] = []
    for column in declared.predictor_schema().columns:
        series = frame.get_column(column.name)
        if column.kind == "number":
            columns.append((column.name, series.fill_null(np.nan).to_numpy()))
        else:
            columns.append((column.name, _ordered(column, series, classes, values)))
        absent = series.is_null().to_numpy().astype(np.float64)
        if absent.any():
            columns.append((f"{column.name} missing", absent))
    found = suspects(columns, classes=classes, values=values)
    return {suspect.name: f"{suspect.scale} {suspect.separation:.3f}" for suspect in found}


def _outcome_cells(declared: Declaration, table: Table) -> pl.Series:
    """Cells of the outcome, null where missing; of a time to an event what ended the watch."""
    outcome, part = declared.outcome_column(), declared.follow_up
    if part is None:
        return table.restricted(Schema((outcome,))).frame.get_column(outcome.name)
    names = ("censored", *(cause.name for cause in part.causes))
    rows = follow_ups(declared.outcome, part, table)
    told = [names[row.event] if isinstance(row, Followed) else None for row in rows]
    return pl.Series(outcome.name, told, dtype=pl.String)


def _target(outcome: Column, known: pl.Series) -> tuple[Integers | None, Floats | None]:
    if outcome.kind == "number":
        return None, known.to_numpy()
    return codes(known, sorted(known.unique().to_list())), None


def _ordered(column: Column, series: pl.Series, classes: Integers | None, values: Floats | None) -> Floats:
    """Categories as the mean outcome that the other half of the rows has in them, so that chance does not order them.

    For several classes the outcome is the rarest class against the rest.
    """
    if values is not None:
        target = values
    elif classes is not None:
        target = (classes == np.argmin(np.bincount(classes))).astype(np.float64)
    else:
        return np.full(len(series), np.nan)
    words = words_seen(column, series)
    code = codes(series, words)
    half = np.arange(len(code)) % 2
    ordered = np.full(len(code), np.nan)
    for side in (0, 1):
        other = (half != side) & (code >= 0)
        count = np.bincount(code[other], minlength=len(words))
        total = np.bincount(code[other], weights=target[other], minlength=len(words))
        overall = float(target.mean())
        mean = np.where(count > 0, total / np.maximum(count, 1), overall)
        mine = (half == side) & (code >= 0)
        ordered[mine] = mean[code[mine]]
    return ordered


def _late(declared: Declaration, table: Table, found: Inference) -> list[str]:
    when = declared.columns.index_time
    if not when:
        return []
    index = moments(table.frame.get_column(when))
    notes: list[str] = []
    for column in found.columns:
        if column.found != "date" or column.name == when:
            continue
        try:
            dated = moments(_blanked(table.frame.get_column(column.name), column.missing))
        except TableProblem as problem:
            notes.append(f"{problem}; whether it lies after the index time was not checked")
            continue
        late = int((dated > index).sum())
        if late:
            notes.append(
                f"{column.name!r} lies after the index time in {late:,} of {len(index):,} rows; what happened then "
                "must not be predicted from (columns that came with it included)"
            )
    return notes


def _blanked(series: pl.Series, missing: tuple["str | float", ...]) -> pl.Series:
    words = [code for code in missing if isinstance(code, str)]
    return series.set(series.is_in(words).fill_null(value=False), None) if words else series
