"""Columns that tell how long a case was watched: the time under another name, or when it came."""

import re

import numpy as np
import polars as pl

from bedside.data.audit import separation_of_numbers
from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.modalities.tabular.inference import Inference
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.declaration import Declaration, FollowUpPart
from bedside.own_data.followed import follow_ups
from bedside.types import Booleans, Floats

FOLLOWS = 0.8
"""Absolute rank correlation with the time from which a predictor is suspected to be the time."""
CALENDAR = 0.6
"""Absolute rank correlation with the time of cases without an event from which a column tells when they came."""
FEWEST = 20
"""With fewer cases a correlation says nothing."""

_LATER = re.compile(
    r"(^|_)((os|rfs|dfs|pfs|efs|dss|css|ttp|ttr)(_?(time|event|status|months|days|years|mo|cens|ind))?|\w*futime|\w*fu_?time"
    r"|follow_?up|last_?(contact|seen|visit|fu|follow)|lastfu|(r|d|s|t|rfs|surv|survival|event|censor)_?time|time_to_\w+"
    r"|days_to_\w+|cens(or(ed|ing)?)?|recur(red|rence)?|relapsed?|progress(ed|ion)|died|dead|death|deceased|vital)(_|$)"
)
"""Names of what is known only when the watch has ended, after `plain_name`."""


def time_notes(
    declared: Declaration, part: FollowUpPart, table: Table, found: Inference
) -> tuple[list[str], list[str]]:
    """Suspected leaks, and what a person should look at, of the predictors, the identifiers and the order of rows."""
    rows = follow_ups(declared.outcome, part, table)
    usable = np.array([isinstance(row, Followed) for row in rows])
    times = times_of([row for row in rows if isinstance(row, Followed)])
    time = np.full(len(rows), np.nan)
    time[usable] = times.time
    unseen = np.zeros(len(rows), dtype=np.bool_)
    unseen[usable] = times.event == 0
    leaks, quiet = _of_predictors(declared, table, time, unseen)
    return leaks, [*quiet, *_of_identifiers(declared, table, found, time, unseen)]


def _of_predictors(declared: Declaration, table: Table, time: Floats, unseen: Booleans) -> tuple[list[str], list[str]]:
    leaks: list[str] = []
    quiet: list[str] = []
    frame = table.restricted(declared.predictor_schema()).frame
    for name, predictor in declared.predictors.items():
        named = _LATER.search(plain_name(name)) is not None
        values = _numbers(frame.get_column(name)) if predictor.kind == "number" else None
        every = _follows(values, time, ~np.isnan(time)) if values is not None else 0.0
        without = _follows(values, time, unseen) if values is not None else 0.0
        if every >= FOLLOWS:
            leaks.append(
                f"LEAK? {name!r} follows the time closely (rank correlation {every:.2f}): it is the time under another "
                "name, or tells when the case came; exclude it"
            )
        elif named:
            quiet.append(
                f"{name!r} is named like something known only when the watch has ended; exclude it unless it is known "
                "at the moment of prediction"
            )
        elif without >= CALENDAR:
            quiet.append(
                f"{name!r} follows the time of the cases without an event (rank correlation {without:.2f}): it tells "
                "when a case came, and so how long it could be watched; exclude it unless that is meant"
            )
    return leaks, quiet


def _of_identifiers(declared: Declaration, table: Table, found: Inference, time: Floats, unseen: Booleans) -> list[str]:
    """Whether the time follows an identifier or the order of rows."""
    orders = {"the order of the rows": np.arange(len(time), dtype=np.float64)}
    for column in found.columns:
        identifies = column.found == "identifier" or column.name == declared.columns.patient
        values = _in_order(table.frame.get_column(column.name)) if identifies else None
        if values is not None and column.name not in declared.predictors:
            orders[f"the identifier {column.name!r}"] = values
    known = ~np.isnan(time)
    strengths = {what: max(_follows(of, time, known), _follows(of, time, unseen)) for what, of in orders.items()}
    told = ", ".join(f"{what} ({strength:.2f})" for what, strength in strengths.items() if strength >= CALENDAR)
    if not told:
        return []
    text = (
        f"the time follows {told}, as rank correlations: it tells when a case came, or the table is sorted by time; "
        "see that no predictor holds such an order (numbers of cases, years of entry)"
    )
    return [text]


def _follows(values: Floats | None, time: Floats, among: Booleans) -> float:
    """Absolute rank correlation among some cases; 0 where it cannot be said."""
    if values is None:
        return 0.0
    both = among & ~np.isnan(values)
    return separation_of_numbers(values[both], time[both]) if both.sum() >= FEWEST else 0.0


def _numbers(series: pl.Series) -> Floats:
    return np.asarray(series.cast(pl.Float64).fill_null(np.nan).to_numpy(), dtype=np.float64)


def _in_order(series: pl.Series) -> Floats | None:
    """Identifiers as numbers, by the digits in them; None where they have none."""
    texts = series.cast(pl.String).str.extract(r"(\d+)\D*$", 1)
    numbers = texts.cast(pl.Float64, strict=False)
    return _numbers(numbers) if numbers.null_count() < len(numbers) / 2 else None
