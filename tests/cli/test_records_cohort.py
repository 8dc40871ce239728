"""`bedside records cohort`: writes labels, flow and declaration, and says where everyone went."""

import json
import re
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from meds.schema import LabelSchema
from tests.modalities.records.cohort.patients import MORTALITY, cohort, stay, written

from bedside.cli.records_cohort import draw_cohort
from bedside.errors import CohortProblem, OutputProblem
from bedside.modalities.records.cohort.toml import load_cohort

ROWS = [
    *stay(1, 0, 100),
    (1, 30, "MEDS_DEATH"),
    *stay(2, 0, 1000),
    *stay(4, 0, 200, born=-9 * 8766.0),
    *stay(6, 0, 200),
]


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    (tmp_path / "cohort.toml").write_text(MORTALITY, "utf-8")
    written(ROWS, tmp_path / "events")
    return tmp_path


def test_a_cohort_is_written_and_told(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "made", jobs=1)
    told = capsys.readouterr().out
    assert "younger than 18 years" in told
    assert "1 sample is censored: its outcome is not known" in told
    assert "none later than its index time" in told
    labels = pl.read_parquet(asked / "made" / "labels.parquet")
    assert labels["subject_id"].to_list() == [1, 2, 4, 6]
    assert load_cohort(asked / "made" / "cohort.toml") == cohort()
    flow = json.loads((asked / "made" / "flow.json").read_text("utf-8"))
    assert (flow["patients"], flow["samples"], flow["censored"], flow["proof"]["samples"]) == (4, 3, 1, 3)


def test_other_tools_read_the_labels_whose_outcome_is_known(asked: Path) -> None:
    draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "made", jobs=1)
    table = pq.read_table(asked / "made" / "meds_labels.parquet")
    LabelSchema.validate(table)
    assert table["boolean_value"].to_pylist() == [True, False]


def test_the_answer_for_scripts_is_json(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "made", jobs=1, json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["samples"] == 3
    assert told["proof"]["hidden"] > 0


def test_small_counts_and_what_gives_them_away_are_withheld(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "made", jobs=1, smallest=2)
    told = capsys.readouterr().out
    assert re.search(r"younger than 18 years +<2 +<2\n", told), "and not how many are left after it"
    assert re.search(r"In the table +withheld +withheld\n", told), "who was sampled is shown"
    assert re.search(r"Samples +3 +3\n", told)
    assert "<2 samples are censored" in told
    assert "counts are withheld" in told
    flow = json.loads((asked / "made" / "flow.json").read_text("utf-8"))
    assert (flow["patients"], flow["samples"], flow["censored"], flow["proof"]) == ("withheld", 3, "<2", "passed")
    assert all("left_patients" not in step for step in flow["steps"])


def test_what_lies_there_is_not_written_over(asked: Path) -> None:
    (asked / "made").mkdir()
    (asked / "made" / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(OutputProblem, match="exists and is no drawn cohort"):
        draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "made", jobs=1, replace=True)
    draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "other", jobs=1)
    with pytest.raises(OutputProblem, match="holds a drawn cohort already"):
        draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "other", jobs=1)
    before = (asked / "other" / "labels.parquet").read_bytes()
    draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "other", jobs=1, replace=True)
    assert (asked / "other" / "labels.parquet").read_bytes() == before


def test_an_empty_cohort_writes_nothing(asked: Path) -> None:
    (asked / "cohort.toml").write_text(MORTALITY.replace("at_least = 18", "at_least = 95"), "utf-8")
    with pytest.raises(CohortProblem, match="is empty: 4 patients with 4 index times"):
        draw_cohort(asked / "cohort.toml", asked / "events", out=asked / "made", jobs=1)
    assert not (asked / "made").exists()
