"""Figures of times to events say what the rows say, withhold what is small, and can be drawn."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.endpoint import View
from bedside.endpoints.time_to_event.figures import time_to_event_figures
from bedside.endpoints.time_to_event.judged import TimedView, judged_rows, marked_times
from bedside.endpoints.time_to_event.outcome import Incidence, times_of
from bedside.endpoints.time_to_event.risk_groups import spread
from bedside.endpoints.time_to_event.target import Timed
from bedside.evidence.figure import Figure
from bedside.report import plot
from bedside.report.look import Look
from bedside.stats.incidence import curve

PRIMARY = 12.0


def target(causes: int = 1) -> Timed:
    """Grid to 36 months, judged at 12 and 24."""
    grid = np.union1d(np.linspace(0.6, 36.0, 60), [12.0, 24.0])
    return Timed(("death", "transplant")[:causes], "months", (12.0, 24.0), PRIMARY, grid)


def views(
    causes: int = 1, n: int = 300, *, smallest: int = 0, truncated: bool = False, splits: int = 1
) -> list[TimedView]:
    """The truth as the model, noise as the compared learner, and one curve for everybody."""
    x, outcomes = simulated(n, 5, causes=causes, truncated=truncated)
    grid = target(causes).grid
    noise = np.random.default_rng(1).permutation(n)
    flat = np.stack([curve(times_of(outcomes), k + 1, None, grid)[0] for k in range(causes)])
    flat = np.where(np.isfinite(flat), flat, np.nanmax(flat))
    true = incidence(x, grid, causes)
    told: dict[str, list[Incidence]] = {
        "network": list(true),
        "cox": list(true[noise]),
        "marginal": list(np.broadcast_to(flat, true.shape)),
    }
    return [
        View(
            learner=name,
            outcomes=outcomes,
            predictions=predictions,
            fold=np.arange(n) % splits,
            patient=np.arange(n),
            settings=[{}] * splits,
            smallest_cell=smallest,
            compared=name == "cox",
        )
        for name, predictions in told.items()
    ]


def by_name(figures: tuple[Figure, ...]) -> dict[str, Figure]:
    """Figures, each name once."""
    found = {figure.name: figure for figure in figures}
    assert len(found) == len(figures)
    return found


@pytest.mark.parametrize("causes", [1, 2])
@pytest.mark.parametrize("truncated", [False, True])
def test_all_are_drawn(causes: int, *, truncated: bool) -> None:
    given = views(causes, truncated=truncated, splits=2)
    found = by_name(time_to_event_figures(given, target(causes)))
    wanted = {
        "risk_groups_network",
        "risk_groups_cox",
        "auc_over_time",
        "calibration_at_12",
        "calibration_at_24",
        "brier_over_time",
        "example_cases",
        "decision_curve",
    }
    assert set(found) == wanted | ({"causes"} if causes == 2 else set())
    looks = {view.learner: Look(k) for k, view in enumerate(given)}
    for figure in found.values():
        assert not re.search(r"\bnan\b", figure.model_dump_json())
        ET.fromstring(plot.draw(figure, looks))  # noqa: S314 - our own
        assert figure.conclusion in figure.alt or figure.alt.endswith(figure.conclusion.split(" Rows of")[0])


def test_groups_by_the_truth_lie_further_apart_than_groups_by_noise() -> None:
    model, noise, flat = judged_rows(views(n=600), target())
    assert spread(model) > 0.4
    assert abs(spread(noise)) < 0.15
    assert spread(flat) == 0.0, "one group"
    found = by_name(time_to_event_figures(views(n=600), target()))
    text = found["risk_groups_network"].conclusion
    assert f"lie {100 * spread(model):.0f} percentage points apart ({100 * spread(noise):.0f} in groups by Cox)" in text


def test_curves_by_group_start_at_one_and_their_counts_fall() -> None:
    figure = by_name(time_to_event_figures(views(), target()))["risk_groups_network"]
    seen = [series for series in figure.series if series.style == "step"]
    assert [series.y[0] for series in seen] == [1.0, 1.0, 1.0]
    assert all(np.diff(series.y).max() <= 0 for series in seen)
    assert all(low <= y <= high for s in seen for low, y, high in zip(s.low, s.y, s.high, strict=True))
    assert figure.below is not None
    for row in figure.below.rows:
        counts = [count for count in row.counts if isinstance(count, int)]
        assert counts[0] == 100
        assert counts == sorted(counts, reverse=True)


def test_with_competing_causes_incidences_add_up_to_no_more_than_one() -> None:
    found = by_name(time_to_event_figures(views(2), target(2)))
    assert found["risk_groups_network"].y_label == "Cumulative incidence of death"
    death, transplant = (series for series in found["causes"].series if series.style == "step")
    assert death.y[0] == 0.0
    assert 0.5 < death.y[-1] + transplant.y[-1] <= 1.0
    assert "transplant to" in found["causes"].conclusion


def test_small_counts_are_withheld_and_curves_end_before_them() -> None:
    given = views(n=200, smallest=11)
    found = by_name(time_to_event_figures(given, target()))
    figure = found["risk_groups_network"]
    assert figure.below is not None
    counts = [count for row in figure.below.rows for count in row.counts]
    assert "<11" in counts
    assert not any(isinstance(count, int) and 0 < count < 11 for count in counts)
    assert "Curves end where fewer than 11 patients" in figure.conclusion
    grid = {0.0, *(float(f"{t:.6g}") for t in target().grid)}
    assert all(set(series.x) <= grid for series in figure.series), "no finer than the grid"
    single = [tuple(one[0]) for one in given[0].predictions]
    drawn = [series.y[1:] for series in found["example_cases"].series if series.style == "line"]
    assert not any(np.allclose(y, one, atol=1e-6) for y in drawn for one in single), "nobody's own curve"


@pytest.mark.parametrize("truncated", [False, True])
def test_counts_of_groups_and_of_everybody_give_no_small_one_away(*, truncated: bool) -> None:
    found = by_name(time_to_event_figures(views(n=200, smallest=11, truncated=truncated), target()))
    everybody = found["auc_over_time"].below
    assert everybody is not None
    hidden = 0
    for name in ("risk_groups_network", "risk_groups_cox"):
        below = found[name].below
        assert below is not None
        assert below.at == everybody.at
        for whole, *parts in zip(everybody.rows[0].counts, *(row.counts for row in below.rows), strict=True):
            left_out = [part for part in parts if not isinstance(part, int)]
            if isinstance(whole, int) and left_out:
                hidden += 1
                assert len(left_out) > 1
                assert whole - sum(part for part in parts if isinstance(part, int)) >= 11
    assert hidden, "some count is small"


def test_example_patients_stand_beside_what_was_seen_of_similar_ones() -> None:
    found = by_name(time_to_event_figures(views(n=600), target()))["example_cases"]
    bands = [series for series in found.series if series.style == "band"]
    curves = [series for series in found.series if series.style == "line"]
    assert [series.colour for series in bands] == [series.colour for series in curves] == [0, 1, 2]
    held = 0
    for band, line in zip(bands, curves, strict=True):
        told = dict(zip(line.x, line.y, strict=True))
        inside = [low <= told[x] <= high for x, low, high in zip(band.x, band.low, band.high, strict=True)]
        held += sum(inside) / len(inside) > 0.8
    assert held >= 2, "the curves are true"
    few = by_name(time_to_event_figures(views(n=60), target()))["example_cases"]
    assert not any(series.style == "band" for series in few.series)
    assert "Shaded" not in few.conclusion


def test_fewer_patients_than_may_be_shown_leave_no_group() -> None:
    figures = by_name(time_to_event_figures(views(n=40, smallest=25), target()))
    assert len([s for s in figures["risk_groups_network"].series if s.style == "step"]) == 1
    everybody = views(n=20, smallest=25)
    assert "example_cases" not in by_name(time_to_event_figures(everybody, target()))


def test_calibration_counts_the_groups_that_hold_their_prediction() -> None:
    given = views(n=900)
    high: list[Incidence] = [np.minimum(0.999, 1.8 * one) for one in given[0].predictions]
    off = View(
        learner="network",
        outcomes=given[0].outcomes,
        predictions=high,
        fold=given[0].fold,
        patient=given[0].patient,
        settings=[{}],
    )
    right = by_name(time_to_event_figures(given, target()))["calibration_at_12"].conclusion
    wrong = by_name(time_to_event_figures([off], target()))["calibration_at_12"].conclusion
    held = [int(match[1]) for match in (re.search(r"in (\d+) of \d+ groups", text) for text in (right, wrong)) if match]
    assert held[0] >= 8
    assert held[1] <= 4


def test_brier_of_the_marginal_learner_is_that_of_everybodys_curve() -> None:
    figure = by_name(time_to_event_figures(views(), target()))["brier_over_time"]
    lines = {series.label: series for series in figure.series if series.style == "line"}
    assert lines["Marginal"].y == pytest.approx(lines["observed curve, taken for everybody"].y, abs=1e-6)
    assert lines["Network"].y[-1] < lines["Marginal"].y[-1]
    assert "lies below it throughout" in figure.conclusion


def test_learners_that_rank_nobody_have_an_auc_of_one_half() -> None:
    figure = by_name(time_to_event_figures(views(), target()))["auc_over_time"]
    lines = {series.learner: series for series in figure.series if series.style == "line"}
    assert set(lines["marginal"].y) == {0.5}
    assert min(lines["network"].y) > 0.6
    assert PRIMARY in lines["network"].x


def test_no_views_have_no_figures() -> None:
    assert time_to_event_figures([], target()) == ()


@pytest.mark.parametrize(
    ("until", "unit", "wanted"),
    [
        (36.0, "months", (0.0, 6.0, 12.0, 18.0, 24.0, 30.0, 36.0)),
        (120.0, "months", (0.0, 24.0, 48.0, 72.0, 96.0, 120.0)),
        (5.0, "years", (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)),
        (2000.0, "days", (0.0, 500.0, 1000.0, 1500.0, 2000.0)),
        (0.7, "", (0.0, 0.2, 0.4, 0.6)),
    ],
)
def test_times_are_marked_at_round_numbers(until: float, unit: str, wanted: tuple[float, ...]) -> None:
    assert marked_times(until, unit) == wanted
