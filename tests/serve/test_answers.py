"""What a release answers of cases: risks, what was observed, reasons; and what it says where it does not answer."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.conftest import Made

from bedside.cli.resolve import resolve
from bedside.modalities.tabular.table import Record, Table, records
from bedside.serve.answer import Answer, Outcome
from bedside.serve.release import FAILED, Release, open_release


def rows(*cells: tuple[float | None, float | None, str | None]) -> list[Record]:
    columns = {"age": pl.Float64(), "lactate": pl.Float64(), "sex": pl.String()}
    return records(Table(pl.DataFrame(list(cells), schema=columns, orient="row")))


@pytest.fixture(scope="module")
def opened(made: Made) -> Release:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.folder)
        return open_release(made.release, resolve)


ILL, WELL = (80.0, 4.5, "male"), (45.0, 0.8, "female")


def test_a_risk_with_what_was_observed_and_why(opened: Release) -> None:
    ill, well = opened.answer(rows(ILL, WELL))
    assert ill.outcome is well.outcome is Outcome.ANSWERED
    assert ill.event == "died"
    assert ill.risk is not None
    assert well.risk is not None
    assert well.risk < 0.2
    assert ill.risk > 0.8
    assert ill.low is not None
    assert ill.high is not None
    assert well.high is not None
    assert 0 <= well.high < ill.low < ill.high <= 1
    assert (ill.flagged, well.flagged) == (True, False)
    assert ill.reasons[0].startswith("lactate in blood 4.5 mmol/L: risk ")
    assert "higher than at the median of" in ill.reasons[0]
    assert "lower than" in well.reasons[0]
    assert ill.comparator.startswith("age alone puts the risk at ")
    assert "of 100 patients" in ill.statement.lower()
    assert ill.statement.endswith("here it is died.")


def test_pooled_predictions_are_those_of_bedside_predict(beside: Made, opened: Release) -> None:
    from bedside.study.predict import load

    run = load(resolve("ward"), beside.folder / "run", opened.manifest.learner.name)
    cases = rows(ILL, WELL, (60.0, None, None))
    assert opened.predict(cases) == pytest.approx(run.predict(cases), abs=1e-4)


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(30, 95),
            st.none() | st.floats(0.2, 5),
            st.none() | st.sampled_from(["female", "male"]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_alone_as_in_company_and_in_any_order(opened: Release, cells: list[Any], chance: Any) -> None:
    together = opened.answer(rows(*cells))
    assert len(together) == len(cells)
    order = list(range(len(cells)))
    chance.shuffle(order)
    assert opened.answer(rows(*[cells[k] for k in order])) == [together[k] for k in order]
    assert opened.answer(rows(cells[0])) == together[:1]


def test_a_value_that_the_model_needs_is_asked_for(opened: Release) -> None:
    (answer,) = opened.answer(rows((70.0, None, "male")))
    assert answer.outcome is Outcome.ABSTAINED
    assert answer.missing == ("lactate",)
    assert answer.risk is None
    assert "lactate in blood not known" in answer.why


def test_a_value_that_it_can_do_without_is_named(opened: Release) -> None:
    (answer,) = opened.answer(rows((70.0, 2.0, None)))
    assert answer.outcome is Outcome.ANSWERED
    assert answer.missing == ("sex",)


@pytest.mark.parametrize(("cells", "name"), [((70.0, 900.0, "male"), "lactate"), ((7000.0, 2.0, "male"), "age")])
def test_a_value_that_cannot_be_right_is_not_used(opened: Release, cells: Any, name: str) -> None:
    (answer,) = opened.answer(rows(cells))
    without = tuple(
        None if column == name else cell for column, cell in zip(("age", "lactate", "sex"), cells, strict=True)
    )
    (beside,) = opened.answer(rows(without))  # type: ignore[arg-type]
    assert answer.implausible == (name,)
    assert answer.risk == beside.risk
    assert answer.outcome is beside.outcome


def test_an_unknown_word_counts_as_not_known(opened: Release) -> None:
    (answer,) = opened.answer(rows((70.0, 2.0, "unheard of")))
    assert answer.implausible == ("sex",)
    assert "unheard of" not in str(answer)


class Failing:
    """Fails on one case, whoever stands beside it."""

    def __init__(self, member: Any) -> None:
        self.member = member

    def predict(self, predictors: Sequence[Record]) -> Any:
        if any(row["age"] == 66.0 for row in predictors):
            msg = "age 66 of a patient"
            raise RuntimeError(msg)
        return self.member.predict(predictors)

    def save(self, folder: Any) -> None: ...


def test_a_case_that_makes_the_model_fail_spoils_no_other(opened: Release) -> None:
    broken = replace(opened, members=tuple(map(Failing, opened.members)))
    first, second, third = broken.answer(rows(ILL, (66.0, 2.0, "male"), WELL))
    assert second == Answer(Outcome.FAILED, why=FAILED)
    assert [first, third] == opened.answer(rows(ILL, WELL))


def test_the_calibration_table_covers_every_risk(opened: Release) -> None:
    groups = opened.calibration.groups
    assert opened.calibration.event == "died"
    assert (groups[0].low, groups[-1].high) == (0.0, 1.0)
    assert all(one.high == other.low for one, other in pairwise(groups))
    assert sum(group.cases for group in groups) == 600
    assert all(group.cases >= 20 and group.share_low <= group.share <= group.share_high for group in groups)
    assert sum(group.share * group.cases for group in groups) == pytest.approx(
        sum(group.predicted * group.cases for group in groups), rel=0.1
    )
