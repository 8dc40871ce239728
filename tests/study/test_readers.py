"""Readings judged: published figures, laws, and refusals that give their reason."""

import csv
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.study.tiny import small

from bedside.data.readings import ReadingTable, read_readings, scale
from bedside.data.validation import CrossValidation, Holdout
from bedside.errors import RunMismatch, StudyError, TableProblem
from bedside.evidence.readers import JudgedContrast, ReaderEvidence
from bedside.evidence.schema import Evidence
from bedside.stats.kappa import cohen_kappa
from bedside.stats.readers import Readings, against_readers
from bedside.study.judges import Judge, Setting, f1_statistic, performance
from bedside.study.model_readings import ModelReadings, from_file, from_run
from bedside.study.reader_conduct import Conduct
from bedside.study.readers import add_to_run, judge_readings, write_evidence
from bedside.study.run import run

judged = partial(judge_readings, replicates=200)


def table(
    values: Any, positive: Any, *, kind: str = "call", threshold: float | None = None, patient: Any = None
) -> ReadingTable:
    """Readings (arms, readers, cases)."""
    array = np.asarray(values, dtype=np.float64)
    arms = ("without",) if array.shape[0] == 1 else ("with", "without")
    names = tuple("abcdefgh"[: array.shape[1]])
    cases = tuple(f"c{k:03}" for k in range(array.shape[2]))
    codes = np.arange(len(cases)) if patient is None else np.asarray(patient)
    return ReadingTable(array, np.asarray(positive, dtype=np.bool_), codes, arms, names, cases, scale(kind, threshold))


def drawn(arms: int = 1, readers: int = 3, cases: int = 60, seed: int = 0, **more: Any) -> ReadingTable:
    """Ratings 1 to 5 of readers of some skill."""
    rng = np.random.default_rng(seed)
    positive = np.arange(cases) % 3 == 0
    latent = positive * 1.2 + rng.normal(size=(arms, readers, cases)) + rng.normal(size=cases)
    return table(np.clip(np.round(latent + 2.5), 1, 5), positive, kind="1-5", **more)


def model_of(readings: ReadingTable, score: Any, threshold: float = 0.5) -> ModelReadings:
    scores = dict(zip(readings.cases, np.asarray(score, dtype=float).tolist(), strict=True))
    return ModelReadings("model", scores, {c: float(p >= threshold) for c, p in scores.items()}, "made up")


def pick(found: ReaderEvidence, first: str, second: str, measure: str) -> JudgedContrast:
    return next(r for r in found.contrasts if (r.first, r.second, r.measure) == (first, second, measure))


def test_van_dyke(public_data: Path, tmp_path: Path) -> None:
    """Hillis, Berbaum and Metz 2008 analyse these data; figures of the R package MRMCaov."""
    path = tmp_path / "readings.csv"
    with (public_data / "reference_vectors/mrmc/VanDyke.csv").open() as stream, path.open("w") as out:
        rows = [[r["case"], r["reader"], r["treatment"], r["rating"], r["truth"]] for r in csv.DictReader(stream)]
        csv.writer(out).writerows([["case", "reader", "arm", "reading", "truth"], *rows])
    found = judged(read_readings([path], scale("1-5")))
    (made,) = found.multi_reader
    row = pick(found, "the average reader (1)", "the average reader (2)", "auroc")
    assert row.difference == pytest.approx(-0.04380032, abs=5e-9)
    assert made.error == pytest.approx(0.0206825, abs=5e-8)
    assert made.f == pytest.approx(4.484854, abs=5e-7)
    assert made.df2 == pytest.approx(15.06611, abs=5e-6)
    assert [row.p, made.p] == pytest.approx([0.05123303] * 2, abs=5e-9)
    assert made.covariances == pytest.approx((0.0003420090, 0.0003395265, 0.0002358497), abs=5e-11)
    assert "did not differ demonstrably" in found.verdict
    assert "no proof of equality" in found.verdict


def test_the_model_beside_the_average_reader_is_the_single_arm_analysis() -> None:
    readings = drawn()
    score = np.random.default_rng(1).random(60) + readings.positive
    found = judged(readings, model_of(readings, score / 3))
    row = pick(found, "model", "the average reader", "auroc")
    expected = against_readers(
        score, Readings(readings.values, readings.positive, readings.arms, readings.readers)
    ).average
    assert (row.difference, row.low, row.high, row.p) == pytest.approx(
        (expected.value, expected.low, expected.high, expected.p), rel=1e-9
    )
    assert row.holds_for == "readers like these"


def test_known_calls() -> None:
    positive = [True] * 10 + [False] * 20
    one = [1] * 8 + [0] * 2 + [1] * 1 + [0] * 19
    other = [1] * 6 + [0] * 4 + [0] * 20
    found = judged(table([[one, other]], positive))
    rows = {(r.judge, r.measure): r for r in found.performance}
    assert rows["a", "sensitivity"].value == 0.8
    assert rows["a", "specificity"].value == 0.95
    assert rows["a", "accuracy"].value == pytest.approx(27 / 30)
    assert rows["a", "f1"].value == pytest.approx(16 / 19)
    # Wilson's interval of 8 of 10 (Newcombe 1998).
    assert (rows["a", "sensitivity"].low, rows["a", "sensitivity"].high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    kappa = next(r for r in found.agreement if (r.first, r.second, r.measure) == ("a", "b", "kappa"))
    assert kappa.value == pytest.approx(cohen_kappa(one, other, 2).value)
    # A tie of two readers is called positive by the panel.
    assert rows["panel", "sensitivity"].value == 0.8


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=30))
def test_f1_lies_in_its_interval_and_equals_its_statistic(pairs: list[tuple[bool, bool]]) -> None:
    positive, called = np.array(pairs, dtype=np.bool_).T
    setting = Setting(positive, np.arange(positive.size), 10, 0)
    judge = Judge("a", "reader", "without", np.full(positive.size, np.nan), called.astype(np.float64))
    row = next(r for r in performance(judge, setting) if r.measure == "f1")
    value = float(f1_statistic(judge.call, positive)(np.ones((1, positive.size)))[0])
    if row.value is None:
        assert row.reason
        assert np.isnan(value)
    else:
        assert row.value == pytest.approx(value)
        assert row.low is not None
        assert row.high is not None
        assert 0 <= row.low <= row.value <= row.high <= 1
        assert row.low < row.high


def test_equal_judges_do_not_differ() -> None:
    readings = drawn(arms=2, threshold=3)
    same = table(np.stack([readings.values[0]] * 2), readings.positive, kind="1-5", threshold=3)
    found = judged(same)
    for row in found.contrasts:
        assert row.difference in (0.0, None)
        assert row.difference is not None or "no variation" in row.reason
        assert row.p in (1.0, None)


def test_all_tests_are_adjusted_together_but_the_primary_one() -> None:
    readings = drawn(arms=2, threshold=3)
    plain = judged(readings)
    assert all(row.p_adjusted is None or row.p is None or row.p_adjusted >= row.p for row in plain.contrasts)
    assert not any(row.primary for row in plain.contrasts)
    declared = judged(readings, conduct=Conduct(primary="auroc"))
    (primary,) = [row for row in declared.contrasts if row.primary]
    assert (primary.first, primary.measure) == ("the average reader (with)", "auroc")
    assert primary.p_adjusted == primary.p
    assert "adjusted" not in declared.verdict


def test_readers_who_read_different_cases_are_judged_on_what_they_read_and_mrmc_is_refused() -> None:
    readings = drawn(threshold=3)
    readings.values[0, 0, :20] = np.nan
    score = np.random.default_rng(1).random(60)
    found = judged(readings, model_of(readings, score))
    assert not found.crossed
    assert {row.reason for row in found.multi_reader} == {readings.not_crossed}
    assert "readers read different cases" in pick(found, "model", "the average reader", "auroc").reason
    assert pick(found, "model", "a", "accuracy").cases == 40
    assert pick(found, "model", "b", "accuracy").cases == 60
    assert next(r for r in found.performance if r.judge == "a" and r.measure == "accuracy").cases == 40
    assert any("Not crossed" in text for text in found.limits)
    together = next(r for r in found.agreement if r.measure == "krippendorff_alpha")
    assert together.value is not None


def test_readers_without_a_case_in_common() -> None:
    readings = drawn(readers=2, threshold=3)
    readings.values[0, 0, :30] = np.nan
    readings.values[0, 1, 30:] = np.nan
    found = judged(readings)
    assert {r.reason for r in found.agreement if (r.first, r.second) == ("a", "b")} == {
        "the two read no case in common"
    }
    assert not any(row.kind == "panel" for row in found.performance)
    ReaderEvidence.model_validate_json(found.model_dump_json())


def test_a_reader_behind_the_reference_standard_is_not_judged_by_it() -> None:
    readings = drawn(threshold=3)
    score = np.random.default_rng(1).random(60)
    found = judged(readings, model_of(readings, score), conduct=Conduct(made_reference=("a",)))
    mine = [row for row in found.performance if row.judge == "a"]
    assert mine
    assert all(row.value is None and "incorporation" in row.reason for row in mine)
    assert "incorporation" in pick(found, "model", "a", "f1").reason
    assert next(r for r in found.agreement if (r.first, r.second) == ("a", "reference")).value is None
    assert next(r for r in found.agreement if (r.first, r.second) == ("a", "b")).value is not None
    assert pick(found, "model", "the average reader", "auroc").p is not None  # of the other two
    assert found.limits[0].startswith("Incorporation")


def test_names_that_stand_for_several_people_forbid_mrmc() -> None:
    found = judged(drawn(), conduct=Conduct(pooled=("b",)))
    assert all("stands for several people" in row.reason for row in found.multi_reader)


def test_repeated_patients_widen_the_interval_and_change_the_test() -> None:
    single = drawn(threshold=3)
    doubled = table(
        np.concatenate([single.values] * 2, axis=2), np.tile(single.positive, 2), kind="1-5", threshold=3,
        patient=np.tile(np.arange(60), 2),
    )  # fmt: skip
    naive = table(doubled.values, doubled.positive, kind="1-5", threshold=3)
    rows = {
        name: {(r.judge, r.measure): r for r in judged(t).performance}
        for name, t in (("single", single), ("doubled", doubled), ("naive", naive))
    }

    def width(name: str, measure: str) -> float:
        row = rows[name]["a", measure]
        assert row.low is not None
        assert row.high is not None
        return row.high - row.low

    for measure in ("auroc", "sensitivity", "f1"):
        assert width("naive", measure) < 0.8 * width("doubled", measure)
        assert width("doubled", measure) == pytest.approx(width("single", measure), rel=0.15)
    found = judged(doubled, model_of(doubled, np.tile(np.random.default_rng(1).random(60), 2)))
    assert "clustered" in pick(found, "model", "a", "sensitivity").method
    assert not any(row.measure == "accuracy" for row in found.contrasts)


def test_one_reader_is_judged_without_a_panel() -> None:
    found = judged(drawn(readers=1, threshold=3))
    assert {row.kind for row in found.performance} == {"reader"}
    assert "two or more" in found.multi_reader[0].reason
    assert found.verdict.startswith("1 reader read 60 cases")


def test_constant_readings_are_not_estimable_where_they_must_be() -> None:
    found = judged(table(np.zeros((1, 2, 12)), np.arange(12) % 2 == 0))
    fleiss = next(row for row in found.agreement if row.measure == "fleiss_kappa")
    assert fleiss.value is None
    assert "one category" in fleiss.reason
    assert next(r for r in found.performance if r.measure == "sensitivity").value == 0.0


def test_a_model_that_only_calls_is_not_ranked() -> None:
    readings = drawn(threshold=3)
    calls = ModelReadings("model", {}, dict.fromkeys(readings.cases, 1.0), "made up")
    found = judged(readings, calls)
    assert not any(row.measure == "auroc" and row.first == "model" for row in found.contrasts)
    assert any("only made calls" in text for text in found.limits)


def test_a_case_without_prediction_and_unknown_names_are_refused() -> None:
    readings = drawn()
    lacking = model_of(readings, np.zeros(60))
    with pytest.raises(TableProblem, match="no prediction of 1 of 60 cases"):
        judged(readings, ModelReadings("m", dict(list(lacking.score.items())[1:]), {}, ""))
    with pytest.raises(StudyError, match="no reader is called 'z'"):
        judged(readings, conduct=Conduct(pooled=("z",)))
    with pytest.raises(StudyError, match="primary measure"):
        judged(readings, conduct=Conduct(primary="kappa"))


def test_the_same_readings_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    written = [write_evidence(judged(drawn(threshold=3)), tmp_path / name).read_bytes() for name in ("x", "y")]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("case,prediction\na,1.2\n", "line 2: prediction is no number from 0 to 1"),
        ("case,prediction\na,nan\n", "line 2: prediction is no number"),
        ("case,prediction\na,x\n", "line 2: prediction is no number"),
        ("case,prediction\na,.2\na,.3\n", "line 3: this case has a prediction already"),
        ("case,probability\na,.2\n", "no column 'prediction'"),
    ],
)
def test_bad_predictions_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "model.csv"
    path.write_text(text)
    with pytest.raises(TableProblem, match=said):
        from_file(path)


def test_predictions_of_a_file_are_called_where_a_threshold_is_known(tmp_path: Path) -> None:
    path = tmp_path / "model.csv"
    path.write_text("case,prediction\na,0.2\nb,0.7\n")
    assert from_file(path).call == {}
    assert from_file(path, threshold=0.7).call == {"a": 0.0, "b": 1.0}
    path.write_text("case,prediction\na,0\nb,1\n")
    calls = from_file(path)
    assert (calls.score, calls.call) == ({}, {"a": 0.0, "b": 1.0})
    with pytest.raises(StudyError, match="threshold"):
        from_file(path, threshold=7)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        run(small(validations=(Holdout(),)), out=folder / "run", root=folder, seed=0, jobs=1)
    return folder / "run"


def test_agreement_is_added_to_a_run_and_nothing_else_changes(finished: Path) -> None:
    before = Evidence.model_validate_json((finished / "evidence.json").read_text("utf-8"))
    model = from_run(finished, before)
    assert model.reference is not None
    cases = tuple(sorted(model.reference.positive))
    positive = np.array([model.reference.positive[case] for case in cases])
    noise = np.random.default_rng(0).random((1, 2, len(cases))) < 0.2
    values = np.where(noise, ~positive, positive).astype(float)
    patient = np.arange(len(cases))
    readings = ReadingTable(values, positive, patient, ("without",), ("ana", "ben"), cases, scale("call"))
    found = judged(readings, model)
    auroc = next(
        r
        for r in before.performance
        if (r.learner, r.partition, r.group, r.measure) == (before.study.model, "test", "all", "sensitivity")
    )
    mine = next(r for r in found.performance if r.kind == "model" and r.measure == "sensitivity")
    assert mine.value == pytest.approx(auroc.value)
    for _ in range(2):  # a second time replaces the rows
        path = add_to_run(found, finished)
        after = Evidence.model_validate_json((finished / "evidence.json").read_text("utf-8"))
        assert after.agreement == found.agreement
        assert set(after.provenance.files) == {*before.provenance.files, "readers.json"}
        kept = after.model_dump(exclude={"agreement", "provenance"})
        assert kept == before.model_dump(exclude={"agreement", "provenance"})
        assert ReaderEvidence.model_validate_json(path.read_bytes()) == found


def test_fold_models_are_neither_ranked_nor_tested_as_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(small(validations=(CrossValidation(folds=3, repeats=2), Holdout())), out=folder, root=tmp_path, seed=0, jobs=1)
    evidence = Evidence.model_validate_json((folder / "evidence.json").read_text("utf-8"))
    model = from_run(folder, evidence)
    assert model.folds
    assert model.score == {}
    assert not from_run(folder, evidence, validation="holdout").folds
    assert model.reference is not None
    cases = tuple(sorted(model.reference.positive))
    positive = np.array([model.reference.positive[case] for case in cases])
    values = np.where(np.random.default_rng(0).random((1, 2, len(cases))) < 0.2, ~positive, positive).astype(float)
    found = judged(
        ReadingTable(values, positive, np.arange(len(cases)), ("without",), ("ana", "ben"), cases, scale("call")), model
    )
    row = pick(found, "Both", "ana", "sensitivity")
    assert "fitted models taken as given" in row.method
    assert "McNemar" not in row.method
    assert row.p is not None
    assert "one a fold" in pick(found, "Both", "the average reader", "sensitivity").reason
    assert any("6 models" in text for text in found.limits)
    with pytest.raises(StudyError, match="no validation 'z'"):
        from_run(folder, evidence, validation="z")


def test_readers_judged_beside_another_run_are_not_added(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(RunMismatch, match="not judged beside the run"):
        add_to_run(judged(drawn()), finished)
    with pytest.raises(RunMismatch, match="no finished run"):
        add_to_run(judged(drawn()), tmp_path)
    evidence = Evidence.model_validate_json((finished / "evidence.json").read_text("utf-8"))
    with pytest.raises(StudyError, match="no learner 'z'"):
        from_run(finished, evidence, "z")
