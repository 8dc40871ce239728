"""Times to events: the form of a cell, the grid, what is predicted of whom, and what a reader is told."""

import numpy as np
import pytest
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.endpoint import Reference
from bedside.endpoints.time_to_event.kind import TimeEndpoint, time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.errors import ModelError, OutcomeProblem, StatisticsError, StudyError
from bedside.stats.incidence import curve

TWO = time_to_event(
    horizon=10,
    unit="months",
    causes=("death", "liver transplant"),
    horizons=(2.5,),
    until=15,
    steps=6,
    thresholds=(0.3,),
)


def target(endpoint: TimeEndpoint) -> Timed:
    return timed(endpoint, "a test")


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [
        ("12.5 death", Followed(12.5, 1)),
        (" 12.5   Death ", Followed(12.5, 1)),
        ("12.5 censored", Followed(12.5, 0)),
        ("7 liver transplant", Followed(7.0, 2)),
        ("3 to 12.5 death", Followed(12.5, 1, 3.0)),
        ("1e2 0", Followed(100.0, 0)),
        ("4 2", Followed(4.0, 2)),
    ],
)
def test_a_cell_holds_a_time_and_what_ended_it(cell: str, outcome: Followed) -> None:
    assert TWO.parse(cell) == outcome
    assert TWO.parse(TWO.describe(outcome)) == outcome


@pytest.mark.parametrize(
    "cell",
    [
        *("death", "12.5", "12.5 relapse", "12.5 3", "0 death", "-2 death", "nan death", "inf censored", "1_0 death"),
        *("13 to 12.5 death", "-1 to 12.5 death", " to 3 death", "x to 3 death", 7),
    ],
)
def test_other_cells_are_refused_with_what_is_allowed(cell: object) -> None:
    with pytest.raises(OutcomeProblem, match="allowed") as caught:
        TWO.parse(cell)
    assert "'12.5 death'" in str(caught.value)
    assert "censored" in str(caught.value)


def test_the_grid_holds_even_steps_horizons_and_the_end() -> None:
    assert target(TWO).grid.tolist() == [2.5, 5.0, 7.5, 10.0, 12.5, 15.0]
    odd = target(time_to_event(horizon=7, unit="years", horizons=(3,), steps=3))
    np.testing.assert_allclose(odd.grid, [7 / 3, 3, 14 / 3, 7])
    assert odd.until == 7.0
    assert odd.horizons == (3.0, 7.0)
    third = target(time_to_event(horizon=0.3, unit="years", until=0.9, steps=9))
    assert len(third.grid) == 9
    assert third.grid[third.place(0.3)] == 0.3


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"horizon": 0.0}, "above 0"),
        ({"horizon": float("nan")}, "above 0"),
        ({"horizon": 5.0, "horizons": (-1.0,)}, "above 0"),
        ({"horizon": 5.0, "until": 4.0}, "none after the last"),
        ({"horizon": 5.0, "steps": 0}, "1 or more"),
        ({"horizon": 5.0, "causes": ()}, "at least one"),
        ({"horizon": 5.0, "causes": ("death", "Death")}, "each differently"),
        ({"horizon": 5.0, "causes": ("censored",)}, "none 'censored'"),
        ({"horizon": 5.0, "causes": ("3 deaths",)}, "number"),
        ({"horizon": 5.0, "causes": ("move to care",)}, "'to'"),
        ({"horizon": 5.0, "thresholds": (0.2, 1.0)}, "below 1"),
        ({"horizon": 5.0, "thresholds": (0.2, 0.2)}, "different"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(arguments: dict[str, object], match: str) -> None:
    with pytest.raises(StudyError, match=match):
        time_to_event(unit="months", **arguments)  # type: ignore[arg-type]


def test_measures_are_named_by_their_horizon_and_threshold_the_primary_first() -> None:
    measures = TWO.measures(Reference((), (), ()))
    names = [one.name for one in measures]
    assert TWO.primary == names[0] == "auc_at_10"
    stems = ("auc", "brier", "calibration_ratio", "calibration_slope", "net_benefit")
    ends = {"net_benefit": "_0_3"}
    assert names == [
        *(f"{stem}_at_{at}{ends.get(stem, '')}" for at in ("10", "2_5") for stem in stems),
        *("integrated_brier", "harrell_c", "uno_c", "c_td", "restricted_mean_bias"),
    ]
    assert all(one.label.endswith(" for death") for one in measures)
    assert {one.name for one in measures if not one.pooled} == {"auc_at_10", "auc_at_2_5", "harrell_c", "uno_c", "c_td"}
    assert not next(one for one in measures if one.name == "net_benefit_at_10_0_3").tested


def test_the_truth_is_told_apart_from_what_is_wrong_by_every_measure() -> None:
    x, outcomes = simulated(1_500, 2, causes=2)
    grid = target(TWO).grid
    truth = list(incidence(x, grid, 2))
    wrong = list(0.5 * incidence(x[:, [1, 0, 2]], grid, 2))
    for measure in TWO.measures(Reference((), (), ())):
        found = []
        for told in (truth, wrong):
            given = measure.contribute(outcomes, told)
            found.append(float(measure.statistic(given.rows)(np.ones((1, given.n)))[0]))
        good, bad = found
        if measure.target is not None:
            assert abs(good - measure.target) < abs(bad - measure.target), measure.name
        else:
            assert (good > bad) == measure.higher_is_better, measure.name


def test_the_loss_is_of_all_causes_and_least_for_the_truth() -> None:
    x, outcomes = simulated(2_000, 3, causes=2)
    truth = incidence(x, target(TWO).grid, 2)
    plain = TWO.loss(outcomes, list(truth))
    assert plain == pytest.approx(target(TWO).losses(outcomes, list(truth)).mean())
    for factor in (np.array([[0.7], [1.0]]), np.array([[1.0], [0.7]])):
        assert TWO.loss(outcomes, list(truth * factor)) > plain


def test_predictions_that_are_no_incidences_are_refused() -> None:
    _, outcomes = simulated(40, 4, causes=2)
    for value in (np.nan, -0.1, 0.6):
        told = [np.full((2, 6), value) for _ in outcomes]
        with pytest.raises(StatisticsError, match="allowed are cumulative incidences"):
            TWO.loss(outcomes, told)


WATCHED, DIED = "cases that are watched until 10 months", "cases with death by 10 months"


@pytest.mark.parametrize(
    ("outcomes", "lacking"),
    [
        ([(3, 1), (4, 0), (6, 0)], {"auc_at_10": WATCHED, "brier_at_10": WATCHED, "net_benefit_at_10_0_3": WATCHED}),
        ([(12, 1), (20, 0)], {"auc_at_10": DIED, "calibration_slope_at_10": DIED, "brier_at_10": ""}),
        ([(1, 1), (2, 1)], {"auc_at_10": "cases without death by then", "brier_at_10": "", "integrated_brier": ""}),
        ([(4, 0), (20, 0)], {"harrell_c": "cases with death", "c_td": "cases with death", "restricted_mean_bias": ""}),
        ([(4, 0), (6, 1)], {"harrell_c": "pairs of cases", "uno_c": "pairs of cases"}),
        ([(4, 2), (6, 1), (20, 0)], {"harrell_c": "", "uno_c": "", "c_td": "", "auc_at_10": ""}),
        ([(4, 0), (16, 1), (20, 0)], {"harrell_c": "", "uno_c": "cases with death", "c_td": "cases with death"}),
        ([(4, 1), (12, 0)], {"integrated_brier": "cases that are watched until 15 months", "brier_at_10": ""}),
    ],
)
def test_what_cases_lack_is_said_where_a_measure_is_not_defined(
    outcomes: list[tuple[float, int]], lacking: dict[str, str]
) -> None:
    followed = [Followed(float(time), event) for time, event in outcomes]
    told = [np.full((2, 6), 0.1 * (k + 1)) for k in range(len(followed))]
    for measure in TWO.measures(Reference((), (), ())):
        given = measure.contribute(followed, told)
        defined = np.isfinite(measure.statistic(given.rows)(np.ones((1, given.n)))[0])
        assert measure.absent is not None
        words = measure.absent(given.rows)
        assert not (defined and words), measure.name
        if measure.name in lacking:
            assert defined == (not lacking[measure.name]), measure.name
            assert "".join(words).startswith(lacking[measure.name]), measure.name


def test_events_of_no_cause_are_refused() -> None:
    told = [np.full((2, 6), 0.2)] * 2
    outcomes = [Followed(3.0, 3), Followed(4.0, 0)]
    for judge in (TWO.loss, TWO.measures(Reference((), (), ()))[0].contribute):
        with pytest.raises(OutcomeProblem, match=r"code 3; allowed are 0 \(censored\) and 1 \(death\), 2"):
            judge(outcomes, told)


def test_who_knows_nothing_predicts_the_incidence_of_all() -> None:
    _, outcomes = simulated(200, 5, causes=2)
    told = target(TWO).uninformed(outcomes)
    np.testing.assert_allclose(told[7][1], curve(times_of(outcomes), 2, None, target(TWO).grid)[0])
    early = target(TWO).uninformed([Followed(6.0, 0), Followed(3.0, 1), Followed(4.0, 0)])[0][0]
    assert early.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3])


def test_other_probabilities_move_the_curve_through_them_and_leave_the_rest_their_share() -> None:
    told = list(incidence(simulated(30, 6, causes=2)[0], target(TWO).grid, 2))
    place = target(TWO).place(10.0)
    wanted = np.linspace(0.01, 0.99, 30)
    moved = target(TWO).replaced(told, [np.column_stack([1 - wanted, wanted])], ())
    curves = target(TWO).curves(moved)
    np.testing.assert_allclose(curves[:, 0, place], wanted, rtol=1e-6)
    assert (np.diff(curves[:, 0], axis=1) >= 0).all()
    assert curves.sum(axis=1).max() <= 1 + 1e-12
    with pytest.raises(ModelError, match="gives no incidence over time"):
        target(TWO).replaced([None], [np.array([[0.5, 0.5]])], ())  # type: ignore[list-item]


def test_members_are_pooled_by_the_mean_of_their_curves() -> None:
    one, two = np.full((2, 6), 0.1), np.full((2, 6), 0.3)
    np.testing.assert_allclose(TWO.pool([[one, two], [two, two]]), [np.full((2, 6), 0.2), two])


def test_a_reader_is_told_of_few_events_of_risks_that_are_off_and_of_none_told_apart() -> None:
    assert TWO.doubt({"smallest_class": 12.0}).startswith("Only 12 judged cases are known")
    assert "too extreme (calibration slope 0.50)" in TWO.doubt({"calibration_slope_at_10": 0.5})
    assert "too timid" in TWO.doubt({"calibration_slope_at_10": 1.6})
    assert "too low on the whole (observed over expected 1.50)" in TWO.doubt({"calibration_ratio_at_10": 1.5})
    assert "too high" in TWO.doubt({"calibration_ratio_at_10": 0.5})
    assert "AUC 0.48" in TWO.doubt({"auc_at_10": 0.48})
    assert TWO.doubt({"harrell_c": 0.7, "brier_at_10": 0.1}) == (
        "No judged case is watched until 15 months, so that nothing is known of risks by then."
    )
    assert "until 10 months" in TWO.doubt({"harrell_c": 0.7})
    assert TWO.doubt({"auc_at_10": 0.7, "calibration_slope_at_10": 1.0, "smallest_class": 50.0}) == ""


def test_what_was_declared_is_for_the_plan() -> None:
    assert TWO.declared == {
        "horizon": "10 months",
        "horizons": "2.5, 10",
        "causes": "death, liver transplant",
        "grid": "6 times to 15 months",
        "thresholds": "0.3",
    }
