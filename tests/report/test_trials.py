"""Fairness, robustness, shift, explanation, uncertainty, size: said as they are, and only where there are data."""

import re
from typing import Any

import pytest
from tests.report.evidence_examples import ALL, bare, binary, continuous, many_groups, multiclass, sites

from bedside.evidence.schema import Evidence, Gap, Shift
from bedside.report import checklist, contents
from bedside.report.card import model_card
from bedside.report.facts import Facts
from bedside.report.page import render
from bedside.report.results import POOLED, Results
from bedside.report.sections import explanation, fairness, groups, robustness, sensitivity, shift, size, uncertainty

SECTIONS = (
    "fairness",
    "robustness",
    "missing-outcomes",
    "shift",
    "explanation",
    "uncertainty",
    "sample-size",
    "agreement",
)
TABLES = (
    "gaps",
    "robustness",
    "sensitivity",
    "shift",
    "explanations",
    "explanation_checks",
    "coverage",
    "selective",
    "sample_size",
    "agreement",
)


def words(table: Any) -> list[list[str]]:
    """The text of every cell, with what stands below it in small type."""
    return [[f"{cell.text} {cell.small}".strip() for cell in row.cells] for row in table.rows]


def with_only(evidence: Evidence, *kept: str) -> Evidence:
    """The evidence without the further tables, but for some, and without figures."""
    empty: dict[str, object] = {name: () for name in TABLES if name not in kept}
    return evidence.model_copy(update={**empty, "figures": ()})


def test_empty_tables_make_no_section() -> None:
    html = render(with_only(bare()))
    for name in SECTIONS:
        assert f'id="{name}"' not in html
    assert not {name for name, _ in contents.entries(with_only(bare()))} & set(SECTIONS)


@pytest.mark.parametrize(
    ("table", "section"),
    [
        ("gaps", "fairness"),
        ("robustness", "robustness"),
        ("sensitivity", "missing-outcomes"),
        ("shift", "shift"),
        ("explanations", "explanation"),
        ("explanation_checks", "explanation"),
        ("coverage", "uncertainty"),
        ("selective", "uncertainty"),
        ("sample_size", "sample-size"),
        ("agreement", "agreement"),
    ],
)
def test_each_table_alone_makes_its_section_and_entry(table: str, section: str) -> None:
    evidence = with_only(multiclass(), table)
    assert getattr(evidence, table)
    html = render(evidence)
    assert {name for name in SECTIONS if f'<section id="{name}">' in html} == {section}
    assert f'href="#{section}"' in html


def test_gaps_say_equivalence_and_its_absence() -> None:
    html = render(binary())
    assert "A gap that is not significant is not equivalence" in html
    table = fairness.table(Results(binary()))
    assert table is not None
    said = {row[0]: row[2] for row in words(table)}
    assert said["AUROC"].endswith("p 0.90; too few events")
    assert said["Specificity"].endswith("p 0.90; equivalent")
    assert any(text.endswith("equivalence not shown") for row in words(table) for text in row)
    assert words(table)[0][0] == "AUROC"


def test_gaps_count_what_they_say() -> None:
    evidence = binary()
    gap = next(gap for gap in evidence.gaps if gap.learner == "tabular_network" and gap.measure == "auroc")

    def row(**changes: object) -> Gap:
        return gap.model_copy(update=changes)

    gaps = (
        row(group="a", difference=-0.2, low=-0.3, high=-0.1, p_adjusted=0.01, equivalent=False),
        row(group="b", difference=0.0, low=-0.01, high=0.01, p_adjusted=0.9, equivalent=True),
        row(group="c", difference=0.1, low=-0.2, high=0.3, p_adjusted=0.9, equivalent=None),
    )
    said = fairness.words(Results(evidence.model_copy(update={"gaps": gaps})))
    assert "AUROC \N{MINUS SIGN}0.200 (\N{MINUS SIGN}0.300 to \N{MINUS SIGN}0.100), sex: a minus female" in said
    assert "Of 3\N{NO-BREAK SPACE}gaps" in said
    assert "the interval of 1 excludes no gap (1 after Holm adjustment)" in said
    assert "within the margin of 0.050: 1; too few events to say: 1." in said


def test_groups_too_small_to_compare_are_named() -> None:
    evidence = sites()
    rows = tuple(
        row.model_copy(update={"patients": 12, "reason": "12 patients, fewer than 20"}) if row.value is None else row
        for row in evidence.performance
    )
    evidence = evidence.model_copy(update={"performance": rows})
    assert fairness.small_groups(Results(evidence)) == {"age_band=65+": 12}
    assert "fewer than 20 patients: age band: 65+ (n = 12)" in render(evidence)
    figure = fairness.figure(Results(evidence))
    assert figure is not None
    assert figure.rows[-1].marks[0].text == "not estimable"


def test_measures_of_other_scales_are_not_drawn_on_one_axis() -> None:
    evidence = continuous()
    gap = binary().gaps[0].model_copy(update={"measure": "rmse", "validation": "holdout", "difference": 4.0})
    found = fairness.figure(Results(evidence.model_copy(update={"gaps": (gap,)})))
    assert found is not None
    assert [row.label for row in found.rows if row.heading] == ["RMSE"]
    assert found.left == "better for the group"


def test_robustness_starts_at_the_untouched_value() -> None:
    results = Results(binary())
    figures = robustness.figures(results)
    assert [figure.name for figure in figures] == ["robustness-missing_at_random", "robustness-noise"]
    line = figures[0].series[0]
    row = next(row for row in results.evidence.robustness if row.learner == line.learner and row.strength == 0.1)
    assert row.value is not None
    assert row.change is not None
    assert line.y[0] == pytest.approx(row.value - row.change)
    assert line.x == (0.0, 0.1, 0.3, 0.5)


@pytest.mark.parametrize("example", [binary, continuous])
def test_the_worst_ten_predictors_come_first(example: Any) -> None:
    table = robustness.columns(Results(example()))
    assert table is not None
    assert len(table.rows) == 10
    assert "(10 of 12 predictors)" in table.caption
    changes = [row.cells[1].sort or 0.0 for row in table.rows]
    worst_first = sorted(changes) if example is binary else sorted(changes, reverse=True)
    assert changes == worst_first
    assert words(table)[0][0] == "mean radius 0"


def test_a_change_of_the_outcome_is_put_into_words() -> None:
    evidence = sites()
    parts = tuple(
        part.model_copy(
            update={"cases": 100, "outcome": {"benign": 100 - k, "malignant": k}}
            if (k := 63.0 if part.partition == "test" else 74.0)
            else {}
        )
        for part in evidence.partitions
    )
    results = Results(evidence.model_copy(update={"partitions": parts}))
    said = shift.outcome_words(results, results.validation)
    assert "in cleveland, “malignant” fell from 74.0% to 63.0%" in said
    assert "Predictive values and calibration in the large move" in said
    row = shift.shifted(results)[0].outcome
    assert row is not None
    assert words(row)[0] == ["cleveland", "malignant", "74.0% n = 300", "63.0% n = 100", "\N{MINUS SIGN}11.0"]


def test_a_number_as_outcome_shifts_by_its_mean() -> None:
    results = Results(continuous())
    assert "the mean outcome stayed at 152.1" in shift.outcome_words(results, results.validation)


def test_shift_shows_the_largest_differences_of_each_kind() -> None:
    found = shift.shifted(Results(sites()))[0]
    numbers, shares = found.figures
    assert numbers.x_categories[0] == "mean radius 1"
    assert numbers.horizontal == (("0.1", 0.1),)
    assert "missing: mean radius 0" in shares.x_categories
    assert not any("outcome" in name for name in (*numbers.x_categories, *shares.x_categories))
    assert {series.label for series in numbers.series} == {"cleveland", "hungary", "switzerland", "va_long_beach"}


def test_many_splits_are_drawn_as_their_range() -> None:
    evidence = sites()
    rows = tuple(
        Shift(
            validation="leave_site_out",
            split=f"site={number}",
            variable="age",
            statistic="standardised mean difference",
            value=0.1 * number,
        )
        for number in range(9)
    )
    found = shift.shifted(Results(evidence.model_copy(update={"shift": rows})))[0]
    (series,) = found.figures[0].series
    assert (*series.low, *series.y, *series.high) == pytest.approx((0.0, 0.4, 0.8))
    assert found.table is not None
    assert [column.text for column in found.table.columns][2:] == ["Smallest", "Median", "Largest"]


def test_a_failed_explanation_is_shown_as_failed() -> None:
    html = render(binary())
    assert "<strong>Importance is about the model, not about causes.</strong>" in html
    shap = explanation.methods(Results(binary()))[1]
    model, comparator = shap.first
    assert model.failed == ("randomised parameters",)
    assert model.figure.conclusion.startswith("FAILED: randomised parameters.")
    assert model.figure.y_label.startswith("FAILED its check")
    assert comparator.failed == ()
    assert html.count('class="explained failed"') == 1
    table = explanation.checks(Results(binary()))
    assert table is not None
    assert [row[0] for row in words(table)] == ["✗ FAILED", "not possible", "✓ passed", "✓ passed"]
    assert "FAILED randomised parameters" in Facts(binary()).explanation


def test_explanations_are_sorted_and_cut() -> None:
    drawn = explanation.methods(Results(many_groups()))[0].first[0].figure
    assert len(drawn.x_categories) == 15
    assert list(drawn.series[0].y) == sorted(drawn.series[0].y, reverse=True)
    assert "25\N{NO-BREAK SPACE}further predictors in evidence.json" in drawn.conclusion


def test_coverage_claims_nothing_for_this_patient_or_other_hospitals() -> None:
    assert uncertainty.statement(Results(binary())) == (
        "Prediction sets are built to hold the outcome for 90% across patients, not for this patient; that claims "
        "nothing for other hospitals."
    )
    assert uncertainty.statement(Results(continuous())).startswith("Prediction intervals")
    table = uncertainty.table(Results(binary()))
    assert table is not None
    assert [row[0] for row in words(table)] == [
        "All",
        "Outcome: benign",
        "Outcome: malignant",
        "Sex: female",
        "Sex: male",
    ]
    assert words(table)[0][2] == "0.920 0.840 to 0.950; size 1.20"
    assert any("some hold everything" in text for _, text in table.notes)


def test_abstaining_is_tabled_with_the_reason_where_it_buys_nothing() -> None:
    table = uncertainty.selective(Results(binary()))
    assert table is not None
    assert words(table)[0][1:] == ["14.0%", "81.0%", "6.0% (3.0% to 9.0%)"]
    assert words(table)[1][2] == "not estimable"
    assert uncertainty.selective(Results(continuous())) is None


def test_sample_size_says_which_criteria_are_missed() -> None:
    said = size.words(Results(binary()))
    assert said.startswith("1 of 3 criteria of sample size are met. Not met: development: shrinkage")
    assert "(needs 10, has 5.6)" in said
    table = size.table(Results(binary()))
    assert table is not None
    assert [row[3] for row in words(table)] == ["✗ not met", "✗ not met", "✓ met", "cannot be said"]


def test_agreement_of_readers_is_shown_where_there_is_any() -> None:
    figure, table = size.agreement_figure(Results(multiclass())), size.agreement(Results(multiclass()))
    assert figure is not None
    assert table is not None
    assert len([row for row in figure.rows if not row.heading]) == 2
    assert words(table)[2][3] == "not estimable"
    assert "0.710 (0.610 to 0.810)" in Facts(multiclass()).agreement
    assert size.agreement(Results(binary())) is None


def test_pooled_splits_are_a_row_and_no_subgroup() -> None:
    results = Results(sites())
    assert POOLED not in results.groups(results.validation)
    drawn, table = (
        groups.splits(results, results.validation),
        groups.table(results, results.validation, of_splits=True),
    )
    assert drawn is not None
    assert table is not None
    assert (drawn.rows[-1].label, drawn.rows[-1].detail) == ("Pooled", "random effects")
    assert "prediction interval for a further one 0.322 to 0.980" in drawn.conclusion
    assert words(table)[-1][0] == "Pooled over splits"
    assert "prediction interval" in Facts(sites()).clusters


def test_missing_outcomes_bound_the_primary_measure() -> None:
    results = Results(binary())
    assert "With 9\N{NO-BREAK SPACE}eligible cases of unknown outcome added, AUROC of Tabular network changes by" in (
        sensitivity.words(results)
    )
    table = sensitivity.table(results)
    assert table is not None
    assert [row[0] for row in words(table)] == ["All benign", "All malignant", "Missing at random"]
    assert words(table)[0][1] == "\N{MINUS SIGN}0.020 value 0.974"
    assert words(table)[1][2] == "not estimable"
    assert "defined on these cases" in dict(table.notes)[table.rows[1].cells[2].note]
    numeric = sensitivity.table(Results(continuous()))
    assert numeric is not None
    assert [row[0] for row in words(numeric)] == [
        "Prediction + 1 residual SD",
        "Prediction \N{MINUS SIGN} 1 residual SD",
    ]
    assert sensitivity.words(Results(bare())) == ""


@pytest.mark.parametrize("name", ALL)
def test_tripod_answers_from_the_new_tables(name: str) -> None:
    evidence = ALL[name]()
    items = {item.number: item for item in checklist.fill("tripod-ai", evidence).items}
    facts = Facts(evidence)
    assert bool(facts.fairness) == bool(evidence.gaps)
    assert bool(facts.sample_size) == bool(evidence.sample_size)
    assert facts.robustness in items["11"].answer
    assert " ".join(facts.sensitivity.split()) in items["11"].answer
    assert facts.sample_size in items["10"].answer
    assert items["16"].place == ("shift" if evidence.shift else "participants")
    assert items["14"].place == ("fairness" if evidence.gaps else "")


def test_the_model_card_says_what_the_trials_showed() -> None:
    card = model_card(binary())
    for title in ("Fairness", "Robustness", "Explanation", "Uncertainty", "Sample size"):
        assert re.search(rf"^## {title}$", card, re.MULTILINE), title
    assert "## Robustness" not in model_card(with_only(bare()))
