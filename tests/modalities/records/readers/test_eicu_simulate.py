"""Invented stays of eICU are of the asked number, the same for the same seed, and read as the real ones are."""

from pathlib import Path

import polars as pl
from tests.modalities.records.readers.read import everything

from bedside.modalities.records.readers.eicu import Eicu
from bedside.modalities.records.readers.eicu.simulate import simulate_eicu


def test_the_same_seed_gives_the_same_tables(tmp_path: Path) -> None:
    once, again, other = (simulate_eicu(tmp_path / name, 12, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    for path in sorted(once.iterdir()):
        assert path.read_bytes() == (again / path.name).read_bytes()
        assert path.read_bytes() != (other / path.name).read_bytes()


def test_stays_are_read_and_some_admissions_have_no_order(tmp_path: Path) -> None:
    frame, problems = everything(Eicu(simulate_eicu(tmp_path, 60, 1)))
    assert not [words for words in problems.counts if "not known" in words or "does not hold" in words]
    started = frame.filter(pl.col("code").str.contains("^(ICU_START|EICU//STEPDOWN_START)//"))
    assert len(started) == 60
    assert frame["subject"].str.contains("/").any()
    deaths = frame.filter(pl.col("code") == "MEDS_DEATH").select("subject", died="time")
    after = frame.join(deaths, on="subject").filter(pl.col("time") > pl.col("died"))
    assert len(deaths)
    assert after.is_empty(), "nothing is recorded of the dead"
