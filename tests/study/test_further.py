"""Fairness, robustness, shift, uncertainty and pooling, on cohorts whose truth is known."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.study.tiny import Rows, X, digest, small, variables

from bedside.data.validation import CrossValidation, Holdout, LearningCurve, LeaveSiteOut
from bedside.errors import StudyError
from bedside.evidence.schema import Evidence
from bedside.modalities.modality import Modality, Perturbation
from bedside.study.run import run


def lose_first(rows: Sequence[X], rng: np.random.Generator) -> list[X]:
    order = rng.permutation(len(rows)).tolist()
    return [(rows[k][0], row[1]) for k, row in zip(order, rows, strict=True)]


def lose_nothing(rows: Sequence[X], rng: np.random.Generator) -> list[X]:
    del rng
    return list(rows)


def perturbations(rows: Sequence[X]) -> tuple[Perturbation[X], ...]:
    del rows
    return (
        Perturbation(name="a permuted", family="permuted", variable="a", strength=1.0, apply=lose_first),
        Perturbation(name="nothing", family="noise", variable="", strength=0.0, apply=lose_nothing),
    )


STRESSED = Modality(name="numbers", variables=variables, digest=digest, perturbations=perturbations)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    folder = tmp_path_factory.mktemp("further")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        study = small(
            source=Rows(n=600),
            validations=(CrossValidation(folds=3), Holdout(), LeaveSiteOut()),
            modality=STRESSED,
            bootstrap=200,
        )
        return run(study, out=folder / "run", jobs=1)


def test_gaps_compare_each_group_with_the_largest(evidence: Evidence) -> None:
    rows = [gap for gap in evidence.gaps if (gap.learner, gap.measure) == ("both", "auroc")]
    assert [(gap.attribute, {gap.group, gap.reference}) for gap in rows] == [("sex", {"male", "female"})]
    (gap,) = rows
    values = {
        row.group: row.value
        for row in evidence.performance
        if (row.learner, row.measure, row.partition) == ("both", "auroc", "out_of_fold")
    }
    one, other = values[f"sex={gap.group}"], values[f"sex={gap.reference}"]
    assert one is not None
    assert other is not None
    assert gap.difference == pytest.approx(one - other)
    assert gap.low is not None
    assert gap.high is not None
    assert gap.low < one - other < gap.high
    assert gap.p_adjusted is not None
    assert gap.p is not None
    assert gap.p_adjusted >= gap.p


def test_permuting_what_a_learner_uses_hurts_and_doing_nothing_changes_nothing(evidence: Evidence) -> None:
    nothing = [row for row in evidence.robustness if row.name == "nothing"]
    assert len(nothing) == 3
    assert all(row.change == 0 for row in nothing)
    worth = {row.learner: row for row in evidence.explanations if row.variable == "a"}
    assert worth["first_only"].low is not None
    assert worth["first_only"].low > 0
    assert worth["neither"].value == 0


def test_sets_cover_what_they_promise_overall_and_by_class(evidence: Evidence) -> None:
    for group in ("all", "outcome=ill", "outcome=well"):
        row = next(r for r in evidence.coverage if (r.learner, r.group) == ("both", group))
        assert row.low is not None
        assert row.high is not None
        assert row.low - 0.02 <= row.nominal <= row.high + 0.02
        assert row.size is not None
        assert 1 <= row.size <= 2


def test_abstaining_on_the_least_certain_lowers_the_error(evidence: Evidence) -> None:
    row = next(r for r in evidence.selective if r.learner == "both")
    assert row.answered is not None
    assert row.error is not None
    assert row.error < row.error_of_all
    assert 0 < row.answered < 1


def test_random_folds_have_no_shift_and_sites_have_little(evidence: Evidence) -> None:
    assert {row.validation for row in evidence.shift} == {"holdout", "leave_site_out"}
    means = [row.value for row in evidence.shift if row.statistic == "standardised mean difference"]
    assert max(map(abs, means)) < 0.4


def test_sites_are_pooled_with_heterogeneity_and_prediction_interval(evidence: Evidence) -> None:
    row = next(
        r for r in evidence.performance if (r.learner, r.measure, r.group) == ("both", "auroc", "pooled over splits")
    )
    sites = [
        r.value
        for r in evidence.performance
        if (r.learner, r.measure) == ("both", "auroc") and r.group.startswith("split=site=") and r.value is not None
    ]
    assert row.value is not None
    assert min(sites) <= row.value <= max(sites)
    assert "prediction interval" in row.method


def test_sample_size_counts_parameters_and_says_what_is_met(evidence: Evidence) -> None:
    rows = {row.criterion: row for row in evidence.sample_size}
    assert rows["events per parameter"].met
    assert rows["development: shrinkage"].needed is not None
    assert rows["development: shrinkage"].available == 390


def test_a_learning_curve_reports_its_sizes_and_nothing_over_them(tmp_path: Path) -> None:
    curve = LearningCurve(shares=(0.2, 1.0))
    found = run(small(source=Rows(n=300), validations=(Holdout(), curve)), out=tmp_path / "run", jobs=1)
    rows = [row for row in found.performance if row.validation == "learning_curve"]
    assert {row.group for row in rows} == {"split=development=20%", "split=development=100%"}
    assert not [row for row in found.comparisons if row.validation == "learning_curve"]
    figure = next(figure for figure in found.figures if figure.name == "learning_curve")
    lines, intervals = ([one for one in figure.series if one.style == style] for style in ("line", "intervals"))
    assert (
        [one.learner for one in lines]
        == [one.learner for one in intervals]
        == [one.name for one in found.study.learners]
    )
    assert all(one.x == (50.0, 248.0) for one in figure.series)
    assert all(len(one.low) == len(one.high) == 2 for one in intervals)
    assert not any(one.low for one in lines)
    assert not figure.x_logarithmic
    with pytest.raises(StudyError, match="judges the same cases"):
        run(small(validations=(curve,)), out=tmp_path / "other", jobs=1)


def test_too_few_events_make_no_claim_of_equivalence(tmp_path: Path) -> None:
    found = run(small(source=Rows(n=60), validations=(Holdout(),), minimum_group=2), out=tmp_path, jobs=1)
    assert found.gaps
    assert all(gap.equivalent is None for gap in found.gaps)


def test_what_is_judged_only_has_the_same_figures_and_is_tried_on_no_worse_cases(
    tmp_path: Path, evidence: Evidence
) -> None:
    declared = small(
        source=Rows(n=600),
        validations=(CrossValidation(folds=3), Holdout(), LeaveSiteOut()),
        modality=STRESSED,
        bootstrap=200,
    )
    only = declared.comparators[0].name
    found = run(replace(declared, judged_only=(only,)), out=tmp_path / "run", jobs=1)
    assert found.performance == evidence.performance
    assert only in {row.learner for row in evidence.robustness}
    assert found.robustness == tuple(row for row in evidence.robustness if row.learner != only)
    assert any(paragraph.startswith("Judged only.") for paragraph in found.methods)
    assert found.provenance.study_hash != evidence.provenance.study_hash


def test_the_model_on_trial_is_never_judged_only() -> None:
    declared = small()
    with pytest.raises(StudyError, match="judged only"):
        replace(declared, judged_only=(declared.model.name,))
