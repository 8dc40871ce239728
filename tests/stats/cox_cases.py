"""Cox's partial likelihood by loops over events and cases, and published cases for it."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from bedside.stats.times import Times
from bedside.types import Floats

# Weeks in remission under 6-mercaptopurine and placebo (Freireich et al. 1963, Blood 21:699).
_TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
_PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
REMISSION = Times.of(
    np.array([*_TREATED, *_PLACEBO], dtype=np.float64), np.array([1] * 9 + [0] * 12 + [1] * 21, dtype=np.int64)
)
PLACEBO = np.array([0.0] * 21 + [1.0] * 21)[:, None]

PRISONERS = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


def prisoners(data: Path, columns: list[str]) -> tuple[Times, Floats]:
    """Weeks until an arrest after release from prison (Rossi, Berk and Lenihan, 1980), and some predictors."""
    path = data / "reference_vectors" / "surv" / "rossi.csv"
    if not path.is_file():
        pytest.skip("the data of released prisoners is not here")
    frame = pl.read_csv(path)
    times = Times.of(frame["week"].to_numpy().astype(np.float64), frame["arrest"].to_numpy().astype(np.int64))
    return times, frame.select(columns).to_numpy().astype(np.float64)


def arff(path: Path) -> pl.DataFrame:
    """A table of numbers and quoted words as scikit-survival distributes it, all as text."""
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    names: list[str] = []
    rows: list[list[str]] = []
    for line in path.read_text("utf-8").splitlines():
        if line.lower().startswith("@attribute"):
            names.append(line.split()[1])
        elif line.strip() and line[0] not in "%@":
            rows.append([cell.strip("'") for cell in line.split(",")])
    return pl.DataFrame(rows, schema=names, orient="row")


def doubled(times: Times) -> Times:
    """Every case twice."""
    return Times(np.tile(times.time, 2), np.tile(times.event, 2), np.tile(times.entry, 2))


def slow_log_likelihood(times: Times, cause: int, scores: Any, *, efron: bool) -> float:
    """One event after another; `scores` tells the log relative hazards at a time, shape (n,)."""
    found = 0.0
    for moment in sorted({t for t, e in zip(times.time, times.event, strict=True) if e == cause}):
        at = scores(moment)
        watched = [k for k in range(len(times)) if times.entry[k] < moment <= times.time[k]]
        here = [k for k in watched if times.time[k] == moment and times.event[k] == cause]
        for place, k in enumerate(here):
            part = place / len(here) if efron else 0.0
            total = sum(math.exp(at[i]) for i in watched) - part * sum(math.exp(at[i]) for i in here)
            found += at[k] - math.log(total)
    return found
