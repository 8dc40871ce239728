"""Models of different runs are paired where they judged the same cases, and only there."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.study.tiny import ENDPOINT, Logistic, small

from bedside.data.validation import CrossValidation, Holdout
from bedside.errors import RunMismatch, StatisticsError
from bedside.evidence.schema import Evidence
from bedside.study.compare import Judgements, contrast, read
from bedside.study.judged import Chosen
from bedside.study.run import run

BOTH, FIRST, NEITHER = (
    Logistic("both", (True, True)),
    Logistic("first_only", (True, False)),
    Logistic("neither", (False,) * 2),
)
RUNS = {
    "both": small(model=BOTH, comparators=(NEITHER,), validations=(CrossValidation(folds=3, repeats=2),)),
    "first": small(model=FIRST, comparators=(NEITHER,), validations=(CrossValidation(folds=3, repeats=2),)),
    "holdout": small(model=BOTH, comparators=(NEITHER,), validations=(Holdout(),)),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Evidence]]:
    """Three runs of the same patients: two cross-validated alike, one on a holdout."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        return {name: (folder / name, run(study, out=folder / name, jobs=1)) for name, study in RUNS.items()}


def judged(finished: dict[str, tuple[Path, Evidence]], name: str, measure: str = "auroc") -> Judgements:
    """The model's judgements in one run."""
    folder, evidence = finished[name]
    return read(folder, evidence, ENDPOINT, evidence.study.model, measure)


def printed(evidence: Evidence, measure: str) -> float:
    """The model's estimate as the evidence has it."""
    row = next(
        row
        for row in evidence.performance
        if (row.learner, row.measure, row.group, row.partition) == (evidence.study.model, measure, "all", "out_of_fold")
    )
    assert row.value is not None
    return row.value


@pytest.mark.parametrize("measure", ["auroc", "brier", "sensitivity", "net_benefit", "calibration_slope"])
def test_the_difference_is_that_of_the_printed_estimates(
    finished: dict[str, tuple[Path, Evidence]], measure: str
) -> None:
    made = contrast(judged(finished, "both", measure), judged(finished, "first", measure), replicates=200, seed=0)
    expected = printed(finished["both"][1], measure) - printed(finished["first"][1], measure)
    assert made.value == pytest.approx(expected, abs=1e-9)
    assert made.low < made.high
    assert made.low <= made.value <= made.high
    assert "paired" in made.method


def test_turned_round_it_is_the_same_contrast(finished: dict[str, tuple[Path, Evidence]]) -> None:
    one, other = judged(finished, "both"), judged(finished, "first")
    there = contrast(one, other, replicates=200, seed=0)
    back = contrast(other, one, replicates=200, seed=0)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert there.p == pytest.approx(back.p)


def test_a_model_does_not_differ_from_itself(finished: dict[str, tuple[Path, Evidence]]) -> None:
    one = judged(finished, "both")
    made = contrast(one, one, replicates=100, seed=0)
    assert (made.value, made.low, made.high) == (0.0, 0.0, 0.0)
    assert made.p == 1.0


def test_pairing_narrows_the_interval(finished: dict[str, tuple[Path, Evidence]]) -> None:
    one, other = judged(finished, "both"), judged(finished, "first")
    made = contrast(one, other, replicates=400, seed=0)
    alone = [
        next(
            (row.high or 0.0) - (row.low or 0.0)
            for row in finished[name][1].performance
            if (row.learner, row.measure, row.group, row.partition)
            == (finished[name][1].study.model, "auroc", "all", "out_of_fold")
        )
        for name in ("both", "first")
    ]
    assert made.high - made.low < math.hypot(*alone)


def test_the_order_of_rows_does_not_matter(finished: dict[str, tuple[Path, Evidence]]) -> None:
    one, other = judged(finished, "both"), judged(finished, "first")
    plain = contrast(one, other, replicates=100, seed=3)
    mixed = contrast(one, shuffled(other), replicates=100, seed=3)
    assert (mixed.value, mixed.low, mixed.high, mixed.p) == pytest.approx((plain.value, plain.low, plain.high, plain.p))


def shuffled(judgements: Judgements) -> Judgements:
    """The same judgements, rows in another order."""
    order = np.random.default_rng(1).permutation(len(judgements.samples))
    place = np.argsort(order)
    chosen = judgements.chosen
    return Judgements(
        samples=tuple(judgements.samples[k] for k in order.tolist()),
        outcomes=[judgements.outcomes[k] for k in order.tolist()],
        patient=judgements.patient[order],
        chosen=Chosen(chosen.measure, chosen.rows, place[chosen.case], chosen.fold[order]),
    )


def test_other_cases_are_not_paired(finished: dict[str, tuple[Path, Evidence]]) -> None:
    with pytest.raises(StatisticsError, match="judged different cases"):
        contrast(judged(finished, "both"), judged(finished, "holdout"), replicates=50, seed=0)


@pytest.mark.parametrize("changed", ["outcomes", "patient"])
def test_cases_of_another_outcome_or_patient_are_not_paired(
    finished: dict[str, tuple[Path, Evidence]], changed: str
) -> None:
    one = judged(finished, "both")
    values: Any = one.patient.copy() if changed == "patient" else list(one.outcomes)
    values[0] = values.max() + 1 if changed == "patient" else b"another"
    with pytest.raises(StatisticsError, match="judged different cases"):
        contrast(one, replace(one, **{changed: values}), replicates=50, seed=0)


def test_a_run_without_its_tables_says_what_is_missing(
    finished: dict[str, tuple[Path, Evidence]], tmp_path: Path
) -> None:
    with pytest.raises(RunMismatch, match=r"contributions/auroc\.parquet; run the study again"):
        read(tmp_path, finished["both"][1], ENDPOINT, "both", "auroc")
