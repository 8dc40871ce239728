"""The spine: a study becomes evidence, the same each time, whatever happens on the way."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from tests.study.tiny import TINY, Logistic, Row, Rows, Weighted, X, draw, small

from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, External, Holdout
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.operating import AtSensitivity
from bedside.errors import CohortProblem, OutcomeProblem, OutputProblem, RunLocked, RunMismatch, StudyError
from bedside.evidence.schema import Evidence, json_schema
from bedside.evidence.stable import stable
from bedside.study import fits, hashes
from bedside.study.folder import RunFolder
from bedside.study.predict import load
from bedside.study.run import run

ONLY_HOLDOUT = (Holdout(),)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        return folder / "run", run(small(), out=folder / "run", jobs=1)


def test_evidence_holds_what_it_promises(finished: tuple[Path, Evidence]) -> None:
    folder, evidence = finished
    content = json.loads((folder / "evidence.json").read_text("utf-8"))
    jsonschema.validate(content, json_schema())
    assert Evidence.model_validate(content) == evidence
    assert evidence.flow[0].records == 120
    assert [(step.text, step.records) for step in evidence.flow if step.kind == "excluded"] == [("outcome unknown", 3)]
    assert {row.partition for row in evidence.performance} == {"development", "tuning", "test", "out_of_fold"}
    assert {row.group for row in evidence.performance} >= {"all", "sex=female", "sex=male", "split=site=s0"}
    assert sum(row.primary for row in evidence.comparisons) == 1
    model = next(row for row in evidence.performance if (row.partition, row.measure) == ("out_of_fold", "auroc"))
    assert f"AUROC {model.value:.3f}" in evidence.verdict
    assert evidence.released in {"both", "first_only", "neither"}
    assert {row.validation for row in evidence.ledger} == {"cross_validation", "holdout", "leave_site_out"}


def test_every_interval_covers_its_value_and_names_its_method(finished: tuple[Path, Evidence]) -> None:
    for row in finished[1].performance:
        assert (row.value is None) == bool(row.reason)
        if row.value is not None and row.low is not None and row.high is not None:
            assert row.low <= row.high
            assert row.method


def test_predictions_are_stored_for_every_judged_case(finished: tuple[Path, Evidence]) -> None:
    table = pq.read_table(finished[0] / "predictions.parquet").to_pylist()
    folds = [row for row in table if row["validation"] == "cross_validation" and row["learner"] == "both"]
    assert len(folds) == 2 * 117
    assert {"sample", "patient", "split", "outcome.outcome", "prediction.probability"} <= set(folds[0])


def test_auroc_over_folds_is_the_mean_of_folds(finished: tuple[Path, Evidence]) -> None:
    folder, evidence = finished
    table = pq.read_table(folder / "predictions.parquet").to_pylist()
    values = []
    splits = {row["split"] for row in table if row["validation"] == "cross_validation"}
    for split in splits:
        rows = [r for r in table if (r["validation"], r["split"], r["learner"]) == ("cross_validation", split, "both")]
        ill = np.array([r["outcome.outcome"] for r in rows]) == 1
        p = np.array([r["prediction.probability"] for r in rows])
        values.append(float((p[ill][:, None] > p[~ill][None, :]).mean()))
    found = next(
        row
        for row in evidence.performance
        if (row.learner, row.validation, row.partition, row.group, row.measure)
        == ("both", "cross_validation", "out_of_fold", "all", "auroc")
    )
    assert found.value == pytest.approx(np.mean(values))


def test_same_seed_same_bytes_in_one_process_or_two(finished: tuple[Path, Evidence], tmp_path: Path) -> None:
    again = run(small(), out=tmp_path / "again", jobs=2)
    assert stable(again) == stable(finished[1])
    assert (tmp_path / "again/predictions.parquet").read_bytes() == (finished[0] / "predictions.parquet").read_bytes()
    other = run(small(), out=tmp_path / "other", jobs=1, seed=1)
    assert stable(other) != stable(again)


def test_a_finished_run_is_not_judged_twice(tmp_path: Path) -> None:
    first = run(small(validations=ONLY_HOLDOUT), out=tmp_path / "run", jobs=1)
    before = (tmp_path / "run/evidence.json").read_bytes()
    assert run(small(validations=ONLY_HOLDOUT), out=tmp_path / "run", jobs=1) == first
    assert (tmp_path / "run/evidence.json").read_bytes() == before
    assert first.ledger[0].evaluations == 1
    second = run(small(validations=ONLY_HOLDOUT), out=tmp_path / "elsewhere", jobs=1)
    assert second.ledger[0].evaluations == 2
    assert second.ledger[0].distinct_code == 1


def test_an_interrupted_run_resumes_to_the_same_evidence(
    tmp_path: Path, finished: tuple[Path, Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    whole = fits.fit_one

    def stopped(*args: object) -> str:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(fits, "fit_one", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(small(), out=tmp_path / "run", jobs=1)
    assert not (tmp_path / "run/evidence.json").exists()
    resumed = run(small(), out=tmp_path / "run", jobs=1)
    tasks = 3 * (6 + 1 + 3)
    assert calls == 5 + tasks - 4
    assert stable(resumed) == stable(finished[1])


KILLED = """
import sys, time
from bedside.study import fits
from bedside.study.run import run
from tests.study.tiny import small
whole = fits.fit_one
def slow(*args):
    text = whole(*args)
    print(text, flush=True)
    time.sleep(0.2)
    return text
fits.fit_one = slow
run(small(), out=__import__("pathlib").Path(sys.argv[1]), jobs=1)
"""


def test_a_killed_run_resumes_to_the_same_evidence(tmp_path: Path, finished: tuple[Path, Evidence]) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not (tmp_path / "run/evidence.json").exists()
    assert stable(run(small(), out=tmp_path / "run", jobs=1)) == stable(finished[1])


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    with FileLock(tmp_path / ".lock", timeout=0), pytest.raises(RunLocked, match="another bedside run"):
        run(small(), out=tmp_path, jobs=1)


def test_a_folder_of_another_run_is_not_overwritten_by_accident(tmp_path: Path) -> None:
    run(small(validations=ONLY_HOLDOUT), out=tmp_path, jobs=1)
    with pytest.raises(RunMismatch, match="another seed"):
        run(small(validations=ONLY_HOLDOUT), out=tmp_path, jobs=1, seed=5)
    assert run(small(validations=ONLY_HOLDOUT), out=tmp_path, jobs=1, seed=5, overwrite=True).provenance.seed == 5


def test_a_damaged_fit_is_made_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    first = run(small(validations=ONLY_HOLDOUT), out=folder.path, jobs=1)
    folder.evidence.unlink()
    (folder.fit("holdout", "holdout", "both") / "done.json").write_text('{"key": "tru', "utf-8")
    assert stable(run(small(validations=ONLY_HOLDOUT), out=folder.path, jobs=1)) == stable(first)


def test_a_full_disk_is_said_and_leaves_no_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Weighted, folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))

    with monkeypatch.context() as patch:
        patch.setattr(Weighted, "save", full)
        with pytest.raises(OutputProblem, match="is full; free some space"):
            run(small(), out=tmp_path / "run", jobs=1)
    assert not (tmp_path / "run/evidence.json").exists()
    assert not list((tmp_path / "run").rglob("*.part"))
    run(small(validations=ONLY_HOLDOUT), out=tmp_path / "run", jobs=1, overwrite=True)


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputProblem, match="choose another"):
        run(small(), out=tmp_path / "file", jobs=1)


def test_bad_cohorts_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CohortProblem, match="7 patients cannot be divided into 9 folds"):
        run(small(source=Rows(n=8), validations=(CrossValidation(folds=9),)), out=tmp_path / "a", jobs=1)
    with pytest.raises(CohortProblem, match="is empty: no record read"):
        run(small(source=Rows(n=0)), out=tmp_path / "b", jobs=1)
    with pytest.raises(OutcomeProblem, match="all 1 samples have the same outcome"):
        run(small(source=Rows(n=1)), out=tmp_path / "c", jobs=1)
    with pytest.raises(StudyError, match="subgroup attribute 'age'"):
        run(small(subgroups=("age",)), out=tmp_path / "d", jobs=1)
    for folder in "abcd":
        assert not (tmp_path / folder / "run.json").exists()


def test_studies_declared_inconsistently_are_refused() -> None:
    with pytest.raises(StudyError, match="no comparator"):
        small(comparators=())
    with pytest.raises(StudyError, match="same name"):
        small(comparators=(Logistic("both", (True, False)),))
    with pytest.raises(StudyError, match="none of the comparators"):
        small(primary_comparator="absent")


def test_repeated_patients_are_clustered(tmp_path: Path) -> None:
    study = small(source=Rows(n=60, visits=3), validations=ONLY_HOLDOUT)
    evidence = run(study, out=tmp_path, jobs=1)
    rows = [row for row in evidence.performance if row.partition == "test" and row.group == "all" and row.value]
    rows = [row for row in rows if row.learner == "both"]
    assert all(int(row.cases) > int(row.patients) for row in rows)
    assert all("patient" in row.method or "cluster" in row.method for row in rows), {row.method for row in rows}
    contrasts = {row.measure: row.method for row in evidence.comparisons if row.comparator == "first_only"}
    assert contrasts["auroc"].startswith("Obuchowski 1997")
    for name in ("sensitivity", "specificity"):
        assert contrasts[name].startswith("McNemar clustered by patient")
    for name in ("accuracy", "ppv", "brier"):
        assert contrasts[name].startswith("paired bootstrap"), "of the diseased and of the others apart, or not at all"
    assert "closed form, clustered by patient where patients repeat" in next(
        text for text in evidence.methods if text.startswith("Statistics.")
    )


def test_external_source_is_judged_and_never_learned_from(tmp_path: Path) -> None:
    other = Rows(n=60, name="elsewhere")
    evidence = run(small(validations=(Holdout(), External(source=other))), out=tmp_path, jobs=1)
    sizes = {(row.partition, row.validation): row.cases for row in evidence.partitions}
    assert sizes["test", "external"] == 58
    assert sizes["development", "external"] == 117
    (flow,) = evidence.external_flows
    assert (flow.validation, flow.source, flow.licence) == ("external", "elsewhere", "CC0")
    assert [(step.kind, step.records) for step in flow.steps] == [("read", 60), ("excluded", 2), ("included", 58)]
    assert evidence.flow[0].records == 120
    found = {row.kind: row for row in evidence.audit if "between_sources" in row.kind}
    assert "cannot be recognised" in found["patients_between_sources"].text
    assert found["cases_between_sources"].severity == "warning", "the source is drawn from the same seed"
    assert found["cases_between_sources"].count == 58


def test_patients_known_to_both_sources_are_counted_and_not_learned_from(tmp_path: Path) -> None:
    other = Rows(n=60, name="elsewhere", seed=5)
    evidence = run(small(validations=(Holdout(), External(source=other, same_identifiers=True))), out=tmp_path, jobs=1)
    sizes = {(row.partition, row.validation): row.cases for row in evidence.partitions}
    assert sizes["development", "external"] == 117 - 58, "p0 to p59 are known to both; two of them have no outcome"
    found = {row.kind: row for row in evidence.audit if "between_sources" in row.kind}
    assert (found["patients_between_sources"].severity, found["patients_between_sources"].count) == ("warning", 58)
    assert "their 58 cases in rows were not learned from" in found["patients_between_sources"].text
    assert found["cases_between_sources"].severity == "info"
    assert next(row for row in evidence.audit if row.kind == "patients_across").count == 0


def test_an_external_cohort_that_is_empty_says_where_everyone_went(tmp_path: Path) -> None:
    with pytest.raises(CohortProblem, match="of 'tiny' from 'elsewhere' is empty: no record read"):
        run(small(validations=(Holdout(), External(source=Rows(n=0, name="elsewhere")))), out=tmp_path, jobs=1)


def test_a_finished_run_scores_new_cases(finished: tuple[Path, Evidence]) -> None:
    predictor = load(small(), finished[0])
    assert len(predictor.members) == 6
    low, high = predictor.predict([(-3.0, -3.0), (3.0, 3.0)])
    assert (low < 0.2, high > 0.8) == (True, True)
    with pytest.raises(StudyError, match="no learner 'absent'"):
        load(small(), finished[0], "absent")
    with pytest.raises(RunMismatch, match="no finished run"):
        load(small(), finished[0] / "nothing")


def test_the_simulated_twin_is_marked(tmp_path: Path) -> None:
    evidence = run(small(validations=ONLY_HOLDOUT), out=tmp_path, jobs=1, simulated=80)
    assert evidence.study.simulated
    assert evidence.flow[0].records == 80


@dataclass(frozen=True)
class Reversed(Rows):
    def records(self, root: Path) -> Iterator[Row]:
        return iter([*super().records(root)][::-1])


def test_rows_in_another_order_are_never_judged_with_stored_predictions(tmp_path: Path) -> None:
    study = small(validations=ONLY_HOLDOUT)
    first = run(study, out=tmp_path / "run", jobs=1)
    (tmp_path / "run/evidence.json").unlink()
    again = run(small(validations=ONLY_HOLDOUT, source=Reversed()), out=tmp_path / "run", jobs=1)
    values = [
        {(row.learner, row.measure): row.value for row in each.performance if row.partition == "test"}
        for each in (first, again)
    ]
    for key, value in values[0].items():
        assert values[1][key] == pytest.approx(value), key


def test_another_operating_point_is_another_study(tmp_path: Path) -> None:
    run(small(validations=ONLY_HOLDOUT), out=tmp_path, jobs=1)
    other = binary(positive="ill", negative="well", operating=AtSensitivity(0.9))
    with pytest.raises(RunMismatch, match="another study hash"):
        run(small(validations=ONLY_HOLDOUT, endpoint=other), out=tmp_path, jobs=1)


def test_evidence_of_other_code_is_not_replaced_by_accident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(small(validations=ONLY_HOLDOUT), out=tmp_path, jobs=1)
    before = (tmp_path / "evidence.json").read_bytes()
    monkeypatch.setattr(hashes, "code_hash", lambda _: "changed")
    with pytest.raises(RunMismatch, match="another code hash"):
        run(small(validations=ONLY_HOLDOUT), out=tmp_path, jobs=1)
    assert (tmp_path / "evidence.json").read_bytes() == before


def test_other_predictors_are_the_same_look_at_the_test(tmp_path: Path) -> None:
    first = run(small(validations=ONLY_HOLDOUT), out=tmp_path / "a", jobs=1)

    def fewer(row: Row) -> list[Sample[X, bool] | Excluded]:
        (item,) = draw(row)
        return [item if isinstance(item, Excluded) else replace(item, predictors=(item.predictors[0], 0.0))]

    cohort = replace(TINY.cohort, draw=fewer)
    second = run(small(validations=ONLY_HOLDOUT, cohort=cohort), out=tmp_path / "b", jobs=1)
    assert [first.ledger[0].evaluations, second.ledger[0].evaluations] == [1, 2]


@pytest.mark.parametrize("name", ["auc", "calibration_slope"])
def test_a_primary_measure_that_cannot_decide_is_refused_before_fitting(tmp_path: Path, name: str) -> None:
    with pytest.raises(StudyError, match="is none of auroc"):
        run(small(primary_measure=name), out=tmp_path, jobs=1)
    assert not (tmp_path / "fits").exists()


def test_simulated_runs_release_nothing(tmp_path: Path) -> None:
    assert run(small(validations=ONLY_HOLDOUT), out=tmp_path, jobs=1, simulated=80).released is None


def test_workers_that_outlive_a_run_write_where_the_next_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        run(small(validations=ONLY_HOLDOUT), out=Path("run"), jobs=2)
        assert (tmp_path / name / "run" / "evidence.json").exists()
