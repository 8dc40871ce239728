"""Simulated tables for the tests of own data."""

from pathlib import Path

import numpy as np
import polars as pl

from bedside.modalities.tabular.simulate import BinaryOutcome, Number, Twin, Words

PATIENTS = Twin(
    columns=(
        Number("age", mean=58, sd=14, low=18, high=95, missing=0.05, decimals=0),
        Number("glucose_mg_dl", mean=120, sd=30, low=44, high=220, missing=0.1),
        Words("sex", {"female": 1, "male": 1}, missing=0.05, missing_as="?"),
        Words("hospital", {"north": 2, "south": 1, "west": 1}),
    ),
    outcome=BinaryOutcome("died", prevalence=0.3, effects={"age": 1.0, "sex=male": 0.5}),
)


def patients(n: int = 200, seed: int = 1) -> pl.DataFrame:
    """A table of patients with identifiers and admission dates."""
    frame = PATIENTS.table(n, seed=seed).frame
    days = [f"20{10 + k // 336:02}-{1 + (k // 28) % 12:02}-{1 + k % 28:02}" for k in range(n)]
    return frame.with_columns(pl.Series("id", [f"P{k:05}" for k in range(n)]), pl.Series("admitted", days))


def written(frame: pl.DataFrame, folder: Path, name: str = "patients.csv") -> Path:
    """The table as a file."""
    path = folder / name
    if name.endswith(".parquet"):
        frame.write_parquet(path)
    else:
        frame.write_csv(path)
    return path


def watched(n: int = 200, seed: int = 1) -> pl.DataFrame:
    """The same patients with months until death or the last sight, and since when some of them were watched."""
    frame = patients(n, seed)
    chance = np.random.default_rng([seed, n])
    risk = 0.03 * (frame.get_column("age").fill_null(58).to_numpy() - 58)
    death = 60 * chance.exponential(size=n) / np.exp(risk)
    seen = np.minimum(chance.uniform(20, 120, n), 100.0)
    months = np.maximum(np.minimum(death, seen).round(1), 0.2)
    late = np.where(chance.random(n) < 0.3, (months / 5).round(2), 0.0)
    return frame.with_columns(
        pl.Series("months", months),
        pl.Series("died", (death <= seen).astype(np.int64)),
        pl.Series("entered", late),
    )
