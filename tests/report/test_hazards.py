"""Hazard ratios are tabled and drawn, and a sentence says whether hazards were proportional."""

import re

import pytest
from tests.report.evidence_examples import binary, survival

from bedside.evidence.hazards import HazardRatio, Proportionality
from bedside.evidence.schema import SCHEMA_VERSION, Evidence
from bedside.report.card import model_card
from bedside.report.contents import entries
from bedside.report.facts import Facts
from bedside.report.page import render
from bedside.report.results import Results
from bedside.report.scale import few_ticks
from bedside.report.sections.hazards import of_causes, words
from bedside.report.sections.participants import partitions


def ratio(predictor: str, value: float | None, p: float | None, **changes: object) -> HazardRatio:
    values = {
        "learner": "elastic_net",
        "cause": "death",
        "predictor": predictor,
        "contrast": "per 10 a",
        "ratio": value,
        "low": None if value is None else value / 1.5,
        "high": None if value is None else value * 1.5,
        "p_proportional": p,
        "cases": 100,
        "events": 40,
    }
    return HazardRatio.model_validate(values | changes)


def results(*rows: HazardRatio, tests: tuple[Proportionality, ...] = ()) -> Results:
    return Results(binary().model_copy(update={"hazard_ratios": rows, "proportionality": tests}))


def all_together(p: float | None, reason: str = "") -> Proportionality:
    return Proportionality(
        learner="elastic_net",
        cause="death",
        statistic=None if p is None else 5.0,
        degrees=3,
        p_value=p,
        cases=100,
        events=40,
        reason=reason,
    )


def test_predictors_whose_hazards_change_are_counted_and_named() -> None:
    found = results(
        ratio("age", 1.2, 0.3), ratio("tumour_size", 2.0, 0.01), ratio("grade", 1.4, 0.04), tests=(all_together(0.003),)
    )
    assert words(found) == (
        "For death, the hazards of 2 of 3 predictors were not proportional (p below 0.05: tumour size, grade); all "
        "together, p = 0.003 (3 degrees of freedom). A ratio that changes is an average over the time that was watched."
    )


def test_contrasts_of_one_predictor_count_once() -> None:
    found = results(
        ratio("stage", 1.2, 0.01, contrast="2 rather than 1"), ratio("stage", 1.9, 0.01), ratio("x", 1.0, 0.5)
    )
    assert "hazards of 1 of 2 predictors" in words(found)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            (ratio("age", 1.2, 0.3), ratio("x", 1.1, 0.9)),
            "nothing speaks against proportional hazards of any of 2 predictors.",
        ),
        ((ratio("age", 1.2, 0.3),), "nothing speaks against proportional hazards of the one predictor."),
        ((ratio("age", 1.2, 0.001),), "the hazards of the one predictor were not proportional"),
    ],
)
def test_what_is_not_shown_is_not_claimed(rows: tuple[HazardRatio, ...], said: str) -> None:
    assert said in words(results(*rows))


def test_what_was_not_tested_has_its_reason() -> None:
    found = results(ratio("age", 1.2, None), tests=(all_together(None, "patients repeat"),))
    assert words(found) == "Whether the hazards of death are proportional was not tested: patients repeat."


def test_ratios_are_tabled_with_reasons_and_drawn_on_a_logarithmic_scale() -> None:
    found = results(
        ratio("age", 1.31, 0.3),
        ratio("edema", None, 0.2, reason="none of these cases had the event"),
        ratio("bilirubin", 0.05, 0.2),
    )
    (one,) = of_causes(found)
    cells = [[cell.text for cell in row.cells] for row in one.table.rows]
    assert cells[0][:4] == ["age", "per 10 years", "1.31 (0.87 to 1.97)", "0.30"]
    assert cells[1][2] == "not estimable"
    assert cells[2][2] == "0.050 (0.033 to 0.075)"
    assert [text for _, text in one.table.notes] == ["none of these cases had the event"]
    assert one.figure is not None
    assert one.figure.scale.logarithmic
    assert [row.marks[0].text for row in one.figure.rows] == ["1.31 (0.87 to 1.97)", "0.050 (0.033 to 0.075)"]
    assert "wholly above 1 for 0 and wholly below 1 for 1" in one.figure.conclusion


def test_counts_that_may_not_be_shown_have_no_columns() -> None:
    hidden = {"cases": "withheld", "events": "withheld"}
    (one,) = of_causes(results(ratio("age", 1.2, 0.3, **hidden), ratio("x", 1.1, 0.9, **hidden)))
    assert [column.text for column in one.table.columns][-1] == "p, proportional hazards"


def test_the_section_stands_in_the_page_its_contents_and_the_card() -> None:
    evidence = survival()
    page = render(evidence)
    assert ("hazard-ratios", "Hazard ratios") in entries(evidence)
    assert page.index('id="explanation"') < page.index('id="hazard-ratios"') < page.index('id="uncertainty"')
    assert page.count('<section id="hazard-ratios">') == 1
    assert "Whether the hazards of transplant are proportional was not tested: 19 events are too few" in page
    assert Facts(evidence).hazards in model_card(evidence)
    assert "hazard-ratios" not in dict(entries(binary()))
    assert 'id="hazard-ratios"' not in render(binary())


def test_events_and_follow_up_stand_beside_the_size_of_partitions() -> None:
    table = partitions(Results(survival()))
    assert table is not None
    heads = [column.text for column in table.columns]
    assert heads[5:7] == ["Events (death)", "Median follow\N{NON-BREAKING HYPHEN}up"]
    cells = [cell.text for cell in table.rows[0].cells]
    assert cells[5:7] == ["64", "72.4 months"]
    assert cells[7] == "no death by 60 months: 30; death by 60 months: 51; censored before 60 months: 12"
    without = partitions(Results(binary()))
    assert without is not None
    assert not any("follow" in column.text for column in without.columns)


def test_few_ticks_are_few_and_inside() -> None:
    for ends in ((0.9, 1.1), (0.2, 3.0), (0.001, 500.0), (0.5, 40.0)):
        found = few_ticks([*ends, 1.0])
        assert 1 <= len(found.ticks) <= 7
        assert all(found.inside(tick) for tick in found.ticks)


def test_evidence_of_an_earlier_version_is_read_as_it_is() -> None:
    """1.2 knew neither counts below figures, nor follow-up, nor hazard ratios."""
    evidence = binary()
    told = evidence.model_dump(mode="json")
    told["schema_version"] = "1.2"
    for name in ("hazard_ratios", "proportionality"):
        assert told.pop(name) == []
    assert told["study"].pop("unanswered") == ""
    for part in told["partitions"]:
        assert part.pop("watched") is None
    for figure in told["figures"]:
        assert [figure.pop(name) for name in ("vertical", "below", "x_ticks")] == [[], None, []]
        assert not any(series.pop("fine") for series in figure["series"])
    old = Evidence.model_validate(told)
    assert old.model_copy(update={"schema_version": SCHEMA_VERSION}) == evidence
    assert re.sub(r"schema 1\.2", f"schema {SCHEMA_VERSION}", render(old)) == render(evidence)
