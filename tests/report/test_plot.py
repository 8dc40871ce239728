"""Figures are drawn from their data."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.evidence_examples import ALL, HOSTILE, binary

from bedside.evidence.figure import Figure, Series
from bedside.report import plot
from bedside.report.look import looks
from bedside.report.scale import logarithmic, scale


def line(**changes: object) -> Figure:
    """A figure of one line."""
    series = Series(label="a", style="line", x=(0.0, 1.0), y=(0.0, 1.0))
    values = {
        "name": "n",
        "title": "t",
        "conclusion": "c",
        "alt": "words",
        "x_label": "x",
        "y_label": "y",
        "series": (series,),
    }
    return Figure.model_validate(values | changes)


@pytest.mark.parametrize("name", ALL)
def test_every_figure_is_well_formed_and_described(name: str) -> None:
    evidence = ALL[name]()
    for figure in evidence.figures:
        drawn = ET.fromstring(plot.draw(figure, looks(evidence.study.learners)))  # noqa: S314 - our own
        assert drawn.get("role") == "img"
        assert drawn.get("aria-label") == figure.alt
        assert not any("nan" in str(part.get("d")) for part in drawn.iter())


def test_line_runs_from_corner_to_corner() -> None:
    drawn = str(plot.draw(line(x_range=(0, 1), y_range=(0, 1)), {}))
    path = re.search(r'class="line neutral"[^>]* d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"', drawn)
    assert path is not None
    x0, y0, x1, y1 = map(float, path.groups())
    assert x0 < x1
    assert y0 > y1


def test_step_holds_until_the_next_x() -> None:
    series = Series(label="a", style="step", x=(0.0, 0.5, 1.0), y=(0.0, 1.0, 1.0))
    drawn = str(plot.draw(line(series=(series,), x_range=(0, 1), y_range=(0, 1)), {}))
    corners = re.search(r'class="line[^>]* d="M([^"]+)"', drawn)
    assert corners is not None
    points = [tuple(map(float, pair.split())) for pair in corners[1].split("L")]
    assert points[1][1] == points[0][1]
    assert points[1][0] == points[2][0]


def test_hostile_labels_are_text() -> None:
    series = Series(label=HOSTILE, style="bars", x=(0.0, 1.0), y=(1.0, 2.0))
    figure = line(
        series=(series, series), alt=HOSTILE, x_categories=(HOSTILE, HOSTILE), x_label=HOSTILE, y_label=HOSTILE
    )
    drawn = plot.draw(figure, {})
    assert "<script" not in drawn
    ET.fromstring(drawn)  # noqa: S314 - our own


def test_learners_differ_without_colour() -> None:
    found = list(looks(binary().study.learners).values())
    assert len({look.dash for look in found}) == len(found)
    assert len({look.marker for look in found}) == len(found)


def test_long_series_are_thinned_to_their_ends() -> None:
    xs = tuple(float(i) for i in range(10_000))
    thinned = plot.thin(Series(label="a", style="line", x=xs, y=xs))
    assert len(thinned.x) == plot.MOST_POINTS
    assert (thinned.x[0], thinned.x[-1]) == (0.0, 9999.0)


@pytest.mark.parametrize("x", [(), (0.5,)])
def test_hardly_any_data_is_still_a_figure(x: tuple[float, ...]) -> None:
    for style in ("line", "step", "points", "bars", "band", "intervals"):
        series = Series(label="a", style=style, x=x, y=x, low=x, high=x)
        ET.fromstring(plot.draw(line(series=(series,)), {}))  # noqa: S314 - our own


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_scale_holds_its_data_and_marks_round_numbers(values: list[float]) -> None:
    axis = scale(values)
    assert all(axis.inside(value) for value in values)
    assert all(axis.inside(tick) for tick in axis.ticks)
    assert 2 <= len(axis.ticks) <= 12
    assert len({axis.word(tick) for tick in axis.ticks}) == len(axis.ticks)


@given(st.lists(st.floats(1e-3, 1e6), min_size=1))
def test_equal_ratios_are_equally_wide_on_a_logarithmic_scale(values: list[float]) -> None:
    axis = logarithmic(values)
    assert all(axis.inside(value) and 0 <= axis.place(value) <= 1 for value in values)
    assert all(axis.inside(tick) for tick in axis.ticks)
    low, middle, high = axis.low, (axis.low * axis.high) ** 0.5, axis.high
    assert axis.place(middle) - axis.place(low) == pytest.approx(axis.place(high) - axis.place(middle))


def test_a_logarithmic_figure_marks_its_sizes() -> None:
    series = Series(label="a", style="line", x=(50.0, 500.0, 5000.0), y=(0.0, 1.0, 0.5))
    drawn = str(plot.draw(line(series=(series,), x_logarithmic=True), {}))
    path = re.search(r'class="line neutral"[^>]* d="M([\d.]+) [\d.]+L([\d.]+) [\d.]+L([\d.]+) [\d.]+"', drawn)
    assert path is not None
    first, second, third = map(float, path.groups())
    assert second - first == pytest.approx(third - second, abs=0.2)
    assert all(f">{word}<" in drawn for word in ("50", "200", "5,000"))


def test_nothing_can_be_placed_at_zero_on_a_logarithmic_scale() -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        logarithmic([0.0, 1.0])
