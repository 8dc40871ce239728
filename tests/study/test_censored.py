"""Censored outcomes: known ones stand for them in what is learned, fixed and judged, and nothing takes them as well."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from tests.study import watched
from tests.study.tiny import ENDPOINT, small
from tests.study.watched import Patients, study

from bedside.data.censoring import CensoringWeights
from bedside.data.sample import Censored, Sample, Watched
from bedside.data.split import Split
from bedside.data.validation import CrossValidation, External, Holdout
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Reference
from bedside.errors import CohortProblem, RunMismatch, StudyError
from bedside.evidence.schema import Evidence
from bedside.report.page import render
from bedside.stats.censoring import Ending, FollowUp, censoring_weights, fit_censoring
from bedside.study.folder import RunFolder
from bedside.study.job import Job
from bedside.study.judged import Judged
from bedside.study.progress import Silent
from bedside.study.run import prepare, run
from bedside.study.scores import judged_rows
from bedside.study.suppression import SmallCells
from bedside.study.weighing import PARTITIONS, SplitWeights, divided, rows_of
from bedside.types import Booleans, Floats, PatientId, SampleId

TWENTY = np.arange(20)
SPLIT = Split("holdout", TWENTY, TWENTY, TWENTY, TWENTY)
FEW = SplitWeights(
    {name: np.ones(20) for name in PARTITIONS}, dict.fromkeys(PARTITIONS, 3), dict.fromkeys(PARTITIONS, 0)
)
"""Three cases censored in each partition."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    folder = tmp_path_factory.mktemp("censored")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        return folder / "run", run(study(), out=folder / "run", jobs=1)


def prepared(tmp_path: Path, **changes: object) -> Job:
    return prepare(study(**changes), RunFolder(tmp_path), root=tmp_path, seed=0, simulated=None, progress=Silent())  # type: ignore[arg-type]


def test_weights_mend_what_dropping_the_censored_spoils() -> None:
    patients = list(Patients(mean_watch=6.0).simulate(40_000, seed=8))
    a, event, end = (np.array([getattr(one, name) for one in patients]) for name in ("a", "event", "end"))
    ill, until = event <= watched.HORIZON, np.minimum(event, watched.HORIZON)
    known = end >= until
    ending = np.where(known, np.where(ill, Ending.EVENT, Ending.WATCHED), Ending.CENSORED)
    follow_up = FollowUp(np.minimum(until, end), ending)
    weights = censoring_weights(fit_censoring(follow_up), follow_up).weights

    def measured(rows: Booleans, stand: Floats | None) -> dict[str, float]:
        outcomes, chances = ill[rows].tolist(), watched.risk(a[rows]).tolist()
        reference = Reference(outcomes, outcomes, chances, stand)
        measures, nobody = ENDPOINT.measures(reference), np.arange(len(outcomes))
        judged = Judged("truth", outcomes, chances, np.zeros_like(nobody), nobody, [measures], stand)
        values = [judged.contributed(k).within(nobody)(np.ones((1, nobody.size)))[0] for k in range(len(measures))]
        found = {measure.name: float(value) for measure, value in zip(measures, values, strict=True)}
        return {**found, **ENDPOINT.settings(reference)}

    truth = measured(np.ones_like(known), None)
    dropped, mended = measured(known, None), measured(known, weights[known])
    for name, off, near in (
        ("auroc", 0.015, 0.008),
        ("brier", 0.01, 0.006),
        ("calibration_intercept", 0.5, 0.08),
        ("ppv", 0.1, 0.03),
    ):
        assert abs(dropped[name] - truth[name]) > off, name
        assert abs(mended[name] - truth[name]) < near, name


def test_measures_thresholds_and_curves_are_those_of_weighted_cases(finished: tuple[Path, Evidence]) -> None:
    folder, evidence = finished
    table = pq.read_table(folder / "predictions.parquet").to_pydict()
    mine = [
        k for k, row in enumerate(zip(table["learner"], table["validation"], strict=True)) if row == ("both", "holdout")
    ]
    outcome, chance, weight = (
        np.array(table[name])[mine] for name in ("outcome.outcome", "prediction.probability", "weight")
    )
    assert weight.min() >= 1
    assert weight.max() > 1.2
    value = {
        row.measure: row
        for row in evidence.performance
        if (row.learner, row.validation, row.group, row.partition) == ("both", "holdout", "all", "test")
    }
    assert value["auroc"].value == pytest.approx(roc_auc_score(outcome, chance, sample_weight=weight))
    assert value["brier"].value == pytest.approx(brier_score_loss(outcome, chance, sample_weight=weight))
    assert all(row.method.endswith("weighted for censoring") for row in value.values() if row.low is not None)
    contrasts = [row for row in evidence.comparisons if row.method]
    assert contrasts
    assert all("weighted for censoring" in row.method for row in contrasts)
    roc = next(figure for figure in evidence.figures if figure.name == "roc")
    assert f"AUROC {value['auroc'].value:.3f}" in roc.conclusion
    curve = next(series for series in roc.series if series.learner == "both" and series.style == "line")
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(value["auroc"].value, abs=0.02)


def test_the_evidence_tells_of_the_censored(finished: tuple[Path, Evidence]) -> None:
    evidence = finished[1]
    censored = next(step for step in evidence.flow if step.kind == "censored")
    included = next(step for step in evidence.flow if step.kind == "included")
    assert (censored.records, included.records) == (censored.patients, included.patients)
    assert int(censored.records) + int(included.records) == 300
    rows = [row for row in evidence.censoring if row.validation == "holdout"]
    assert sum(int(row.censored) for row in rows) == censored.records
    assert sum(int(row.known) for row in rows) == included.records
    for row in evidence.censoring:
        assert 1 <= row.smallest <= row.largest <= 20
        assert float(row.effective) <= int(row.known)
    tests = [row for row in evidence.censoring if (row.validation, row.partition) == ("cross_validation", "test")]
    assert sum(int(row.censored) for row in tests) == censored.records
    assert any("Censored outcomes" in text and "2008, Am J Epidemiol" in text for text in evidence.methods)
    assert not evidence.coverage
    assert not evidence.selective
    page = render(evidence)
    assert "Censored outcomes, and the weights by which known ones stand for them" in page
    assert "records censored" in page
    assert f"Censored: {censored.records} records" in page
    withheld = rows_of("holdout", [SPLIT], [FEW], SmallCells(11))
    assert {row.censored for row in withheld} == {row.effective for row in withheld} == {"withheld"}
    assert "withheld" in render(evidence.model_copy(update={"censoring": tuple(withheld)}))


def test_a_reader_study_of_weighted_predictions_is_refused(finished: tuple[Path, Evidence]) -> None:
    with pytest.raises(RunMismatch, match="stand for censored ones"):
        judged_rows(*finished, "both", "holdout", purpose="a reader study")


def test_without_censoring_the_same_is_found_as_without_weighing(tmp_path: Path) -> None:
    whole = run(study(watched.draw_whole), out=tmp_path / "whole", jobs=1)
    untold = run(study(watched.draw_untold, weighing=None), out=tmp_path / "untold", jobs=1)
    assert {row.smallest for row in whole.censoring} == {row.largest for row in whole.censoring} == {1.0}
    assert not untold.censoring
    for name in ("performance", "comparisons", "figures", "operating_points", "gaps", "tuning", "flow", "partitions"):
        assert getattr(whole, name) == getattr(untold, name), name
    columns = [pq.read_table(tmp_path / each / "predictions.parquet") for each in ("whole", "untold")]
    assert columns[0].drop_columns(["weight"]).equals(columns[1])


def test_each_split_reads_its_weights_off_its_own_development(tmp_path: Path) -> None:
    job = prepared(tmp_path)
    censored = {one.key for one in job.drawn.censored}
    for division in job.divisions:
        for split, weights in zip(division.splits, division.weights, strict=True):
            assert sum(weights.censored.values()) == len(censored)
            everyone = {str(division.samples[k].key) for name in PARTITIONS for k in getattr(split, name).tolist()}
            assert not everyone & censored
            days = np.array([division.samples[k].watched.days for k in split.test.tolist()])
            order = np.argsort(days)
            assert (np.diff(weights.of("test")[order]) >= 0).all()  # whoever was watched longer stands for more
            held = np.concatenate([fold.held_out for fold in split.folds]) if split.folds else np.arange(0)
            assert sorted(held.tolist()) == (list(range(split.development.size)) if split.folds else [])
    first, second = (division.weights[0] for division in job.divisions)
    assert first.of("test")[:5].tolist() != second.of("test")[:5].tolist()


def test_censored_cases_of_a_patient_stand_where_the_others_do() -> None:
    found = [one for patient in Patients(n=200).simulate(200, seed=3) for one in watched.draw(patient)]
    samples = [one for one in found if isinstance(one, Sample)]
    # Of every patient a case that is known and one that is censored.
    away = [Censored(SampleId(f"{one.key}-later"), one.patient, 1.0) for one in samples]
    for validation in (Holdout(development=0.5, tuning=0.2, test=0.3, mode="held_out"), CrossValidation(folds=3)):
        splits, places = divided(validation, samples, away, ENDPOINT.stratum, 0)
        for split, place in zip(splits, places, strict=True):
            for name in PARTITIONS:
                assert sorted(place[name].tolist()) == sorted(getattr(split, name).tolist())


def test_a_stored_fit_belongs_to_its_weights(tmp_path: Path) -> None:
    def later(patient: watched.Patient) -> list[Sample[tuple[float, float], bool] | Censored]:
        return [replace(one, days=one.days / 2) if isinstance(one, Censored) else one for one in watched.draw(patient)]

    plain = prepared(tmp_path)
    keys = [{task.key for task in job.tasks} for job in (plain, prepared(tmp_path), prepared(tmp_path, drawing=later))]
    assert keys[0] == keys[1]
    assert not keys[0] & keys[2]
    largest = prepared(tmp_path, weighing=CensoringWeights(largest=1.1))
    assert largest.divisions[0].weights[0].truncated["test"] > 0
    assert not keys[0] & {task.key for task in largest.tasks}


def test_judged_cases_of_another_source_are_weighed_by_its_own_curve(tmp_path: Path) -> None:
    other = Patients(name="elsewhere", mean_watch=4.0)
    job = prepared(tmp_path, validations=(Holdout(), External(source=other)))
    inside, outside = (division.weights[0].of("test") for division in job.divisions)
    assert outside.max() > 2 * inside.max()
    assert [step.kind for step in job.divisions[1].external_flow] == ["read", "censored", "included"]


def test_what_cannot_weigh_is_refused_by_name_before_anything_is_fitted() -> None:
    with pytest.raises(StudyError, match=r"first_only, neither cannot learn from weighted\s+cases"):
        study(model=watched.Weighing("both", (True, True)), comparators=small().comparators)
    with pytest.raises(StudyError, match="both cannot learn"):
        study(model=watched.Weighing("both", (True, True), weighs=False))
    with pytest.raises(StudyError, match="measures of a continuous outcome take no account of weights"):
        study(endpoint=continuous(unit="mm"))
    with pytest.raises(StudyError, match=r"largest censoring weight is 0\.5"):
        CensoringWeights(largest=0.5)


def test_censored_cases_and_their_declaration_belong_together(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"are censored.*Declare weighing=CensoringWeights\(\)"):
        prepared(tmp_path, weighing=None)
    with pytest.raises(StudyError, match="300 of 300 samples of 'patients' do not tell how long"):
        prepared(tmp_path, drawing=watched.draw_untold)
    everyone = study(lambda one: [Censored(SampleId(f"k{one.number}"), PatientId("p"), one.end)])
    with pytest.raises(CohortProblem, match="empty"):
        run(everyone, out=tmp_path / "nobody", jobs=1)


def test_impossible_follow_up_is_refused() -> None:
    with pytest.raises(CohortProblem, match="return Censored"):
        Watched(3.0, Ending.CENSORED)
    for days in (-1.0, float("nan"), float("inf")):
        with pytest.raises(CohortProblem, match="negative or not finite"):
            Watched(days, Ending.EVENT)
        with pytest.raises(CohortProblem, match="negative or not finite"):
            Censored(SampleId("k"), PatientId("p"), days)
