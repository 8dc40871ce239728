"""Missing outcomes: what the primary measure would be if they were known, on cohorts whose truth is known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.study.tiny import TINY, Row, Rows, X, draw, small

from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, External, Holdout
from bedside.endpoints.continuous.kind import continuous
from bedside.evidence.schema import Evidence, Sensitivity
from bedside.study import sensitivity
from bedside.study.run import run
from bedside.types import Floats, PatientId


def keep_unknown(row: Row) -> list[Sample[X, bool] | Excluded]:
    if row.outcome == "unknown":
        return [Excluded("outcome unknown", PatientId(row.patient), (row.a, row.b))]
    return draw(row)


KEPT = replace(TINY.cohort, draw=keep_unknown)


def run_with(folder: Path, **changes: Any) -> Evidence:
    settings: dict[str, Any] = {
        "source": Rows(n=300),
        "cohort": KEPT,
        "validations": (CrossValidation(folds=3, repeats=2),),
        **changes,
    }
    return run(small(**settings), out=folder, jobs=1)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    folder = tmp_path_factory.mktemp("sensitivity")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        return run_with(folder / "run")


def of(evidence: Evidence, learner: str) -> dict[str, Sensitivity]:
    return {row.scenario: row for row in evidence.sensitivity if row.learner == learner}


def test_every_learner_is_tried_under_every_assumption(evidence: Evidence) -> None:
    assert {row.learner for row in evidence.sensitivity} == {"both", "first_only", "neither"}
    rows = of(evidence, "both")
    assert set(rows) == {"all well", "all ill", "missing at random"}
    assert all(row.cases_added == 8 and row.measure == "auroc" for row in rows.values())
    assert all(row.validation == "cross_validation" and row.text for row in rows.values())


def test_the_assumptions_enclose_missing_at_random(evidence: Evidence) -> None:
    rows = of(evidence, "both")
    values = {name: row.value for name, row in rows.items()}
    assert None not in values.values()
    changes = [row.change or 0.0 for row in rows.values()]
    assert all(0 < abs(change) < 0.05 for change in changes)
    assert rows["missing at random"].change == pytest.approx(0.0, abs=0.01)
    assert len({round((row.value or 0) - (row.change or 0), 12) for row in rows.values()}) == 1


def test_a_learner_that_ranks_nobody_is_not_changed(evidence: Evidence) -> None:
    assert [row.change for row in of(evidence, "neither").values()] == pytest.approx([0, 0, 0], abs=1e-12)


def test_the_methods_say_who_lacked_an_outcome(evidence: Evidence) -> None:
    (text,) = [text for text in evidence.methods if text.startswith("Missing outcomes.")]
    assert "8 of 300 eligible cases lacked an outcome" in text
    assert "missing at random" in text


def test_nothing_else_changes(evidence: Evidence, tmp_path: Path) -> None:
    plain = run_with(tmp_path / "run", cohort=TINY.cohort)
    assert plain.sensitivity == ()
    assert any("No eligible case lacked an outcome; the cohort marks none" in text for text in plain.methods)
    assert plain.performance == evidence.performance
    assert plain.robustness == evidence.robustness
    assert plain.provenance.data_hash != evidence.provenance.data_hash


def test_the_same_seed_gives_the_same_rows_with_a_holdout(tmp_path: Path) -> None:
    found = [run_with(tmp_path / name, validations=(Holdout(),)).sensitivity for name in ("one", "two")]
    assert found[0]
    assert found[0] == found[1]


def judged(folder: Path, learner: str) -> tuple[Floats, Floats]:
    """Predictions and outcomes of the judged cases."""
    table = pq.read_table(folder / "predictions.parquet", filters=pc.field("learner") == learner)
    predicted = next(name for name in table.column_names if name.startswith("prediction."))
    return table.column(predicted).to_numpy(), table.column("outcome.outcome").to_numpy()


def test_a_holdout_is_joined_by_its_part_of_the_unlabelled(tmp_path: Path) -> None:
    """A weight of n u / N joins n judged cases: as many as the test partition would have of the u."""
    found = run_with(tmp_path / "run", validations=(Holdout(),), primary_measure="brier")
    predicted, outcome = judged(tmp_path / "run", "neither")
    (constant,) = set(predicted.tolist())
    n, joining = predicted.size, predicted.size * 8 / 292
    before = float(((predicted - outcome) ** 2).sum())
    rows = of(found, "neither")
    for scenario, loss in (("all ill", (1 - constant) ** 2), ("all well", constant**2)):
        assert rows[scenario].value == pytest.approx((before + joining * loss) / (n + joining))
        assert (rows[scenario].value or 0) - (rows[scenario].change or 0) == pytest.approx(before / n)


@pytest.mark.parametrize("visits", [1, 3])
def test_models_that_learned_from_the_patient_do_not_predict(tmp_path: Path, visits: int) -> None:
    """With a holdout, an unlabelled visit is added only where the patient's other visits were not learned from."""

    def last_unknown(row: Row) -> list[Sample[X, bool] | Excluded]:
        if row.visit == visits - 1 and int(row.patient[1:]) % 10 == 0:
            return [Excluded("outcome unknown", PatientId(row.patient), (row.a, row.b))]
        return [] if row.outcome == "unknown" else draw(row)

    cohort = replace(TINY.cohort, draw=last_unknown)
    found = run_with(tmp_path / "run", source=Rows(n=200, visits=visits), cohort=cohort, validations=(Holdout(),))
    (added,) = {row.cases_added for row in found.sensitivity}
    assert isinstance(added, int)
    assert added == 20 if visits == 1 else 0 < added < 12


def test_numbers_are_moved_by_the_spread_of_residuals(tmp_path: Path) -> None:
    def numeric(row: Row) -> list[Sample[X, Any] | Excluded]:
        (item,) = keep_unknown(row)
        if isinstance(item, Excluded):
            return [item]
        number: Any = float(item.outcome)
        return [replace(item, outcome=number)]

    cohort = replace(TINY.cohort, draw=numeric)
    found = run_with(
        tmp_path / "run", cohort=cohort, endpoint=continuous(), validations=(Holdout(),), primary_measure="rmse"
    )
    predicted, outcome = judged(tmp_path / "run", "both")
    error = predicted - outcome
    n, joining = error.size, error.size * 8 / 292
    expected = np.sqrt((np.sum(error**2) + joining * error.var(ddof=1)) / (n + joining))
    rows = of(found, "both")
    assert list(rows) == ["prediction + 1 residual SD", "prediction - 1 residual SD"]
    assert [row.value for row in rows.values()] == pytest.approx([expected] * 2)
    assert f"({error.std(ddof=1):.3g})" in rows["prediction + 1 residual SD"].text


def test_more_than_the_most_are_drawn_by_the_seed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sensitivity, "MOST", 5)
    found = run_with(tmp_path / "run")
    assert {row.cases_added for row in found.sensitivity} == {5}
    (text,) = [text for text in found.methods if text.startswith("Missing outcomes.")]
    assert "a random 5 of them" in text


def test_another_source_is_judged_without_them(tmp_path: Path) -> None:
    found = run_with(tmp_path / "run", validations=(External(source=Rows(n=200, name="elsewhere")),))
    assert found.sensitivity == ()
    assert any("judges cases of another source" in text for text in found.methods)
