"""Figures are drawn from their data."""

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.evidence_examples import ALL, HOSTILE, binary

from bedside.evidence.figure import CountRow, CountsBelow, Figure, Series
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


def _texts(drawn: str, style: str) -> list[tuple[float, str]]:
    """Horizontal place and words of every text of a style."""
    return [(float(x), words) for x, words in re.findall(rf'<text class="{style}" x="([\d.]+)"[^>]*>([^<]*)<', drawn)]


def test_long_numbers_beside_an_axis_leave_room_for_its_name() -> None:
    series = Series(label="a", style="line", x=(1.0, 2.0), y=(0.9992, 1.0))
    drawn = str(plot.draw(line(series=(series,)), {}))
    numbers = [(x, words) for x, words in _texts(drawn, "tick") if words.startswith(("0.999", "1.000"))]
    assert numbers
    assert all(x - 6.7 * len(words) > 19 for x, words in numbers), "the name stands at 15"
    assert "1.50" not in drawn, "there is no epoch and a half"


def test_what_is_too_long_for_a_line_stands_on_two() -> None:
    long = "Share of a case's kinds of measurement that are ten times too large or too small"
    series = [Series(label=f"{long} ({k})", style="line", x=(0.0, 0.3), y=(0.0, 1.0), learner="a") for k in "ab"]
    drawn = str(plot.draw(line(series=tuple(series), x_label=long), {}))
    for style in ("label", "key"):
        said = " ".join(words for _, words in _texts(drawn, style))
        assert long.replace("'", "&#39;") in said, style
    assert "…" not in drawn


def test_the_name_of_a_line_at_the_edge_is_not_cut_off() -> None:
    series = Series(label="a", style="points", x=(0.0, 1.0), y=(-40.0, 0.0))
    figure = line(series=(series,), x_categories=("heart rate", "lactate"), horizontal=(("prediction", 0.0),))
    drawn = str(plot.draw(figure.model_copy(update={"aspect": "wide"}), {}))
    ((x, words),) = _texts(drawn, "note")
    assert words == "prediction"
    assert 'text-anchor="end">prediction' in drawn
    assert x - 6.7 * len(words) > 0


def test_marks_without_a_colour_are_neutral_and_small_beside_those_that_have_one() -> None:
    made = [
        Series(label=label, style="points", x=(0.0,), y=(0.0,), colour=colour)
        for label, colour in (("down", 0), ("up", 2), ("hardly", None))
    ]
    drawn = str(plot.draw(line(series=tuple(made)), {}))
    marks = re.findall(r'<g class="mark (\w+)" transform="translate\([^)]*\)( scale\(.6\))?">', drawn)
    assert marks[:3] == [("neutral", " scale(.6)"), ("l0", ""), ("l2", "")], "below the others"
    alone = str(plot.draw(line(series=(made[2],)), {}))
    assert "mark l0" in alone


def below(**changes: object) -> Figure:
    """A line with counts below it."""
    rows = (
        CountRow(label="low", counts=(1234, 80, "<11"), colour=0),
        CountRow(label="a longer one", counts=(90, 0, "withheld"), colour=1),
    )
    counted = CountsBelow(title="At risk", at=(0.0, 0.4, 0.8), rows=rows)
    return line(x_range=(0.0, 1.0), below=counted, **changes)


@pytest.mark.parametrize("aspect", ["square", "wide"])
def test_counts_stand_below_their_ticks_and_clear_of_their_labels(aspect: str) -> None:
    drawn = str(plot.draw(below(aspect=aspect), {}))
    texts = re.findall(r'<text class="tick" x="([\d.]+)" y="([\d.]+)"(?: text-anchor="(\w+)")?>([^<]*)<', drawn)
    marks = {words: (float(x), float(y)) for x, y, anchor, words in texts if anchor == "middle"}
    assert marks["0.0"][0] == marks["1,234"][0] == marks["90"][0]
    assert marks["0.8"][0] == marks["&lt;11"][0] == marks["withheld"][0]
    assert marks["0.0"][1] < marks["1,234"][1] < marks["90"][1]
    labels = {words: float(x) for x, _, anchor, words in texts if not anchor}
    letter = plot.LARGE_LETTER if aspect == "wide" else 6.7
    for label, number in (("low", "1,234"), ("a longer one", "90")):
        assert labels[label] + letter * len(label) < marks[number][0] - letter * len(number) / 2
        assert labels[label] > 0
    ET.fromstring(drawn)  # noqa: S314 - our own


def test_counts_make_the_drawing_taller_and_are_saved_with_it() -> None:
    def height(figure: Figure) -> float:
        found = re.search(r'viewBox="0 0 \d+ (\d+)"', str(plot.draw(figure, {})))
        assert found is not None
        return float(found[1])

    assert height(below()) > height(line(x_range=(0.0, 1.0))) + 40
    saved = plot.data(below())["series"]
    assert isinstance(saved, list)
    assert saved[1] == {"label": "At risk: low", "x": [0.0, 0.4, 0.8], "y": [1234, 80, "<11"], "low": [], "high": []}


def test_a_row_has_a_count_for_each_place() -> None:
    with pytest.raises(ValueError, match="2 for 3 places"):
        CountsBelow(title="At risk", at=(0.0, 1.0, 2.0), rows=(CountRow(label="a", counts=(3, 2)),))


def test_vertical_lines_are_named_above_and_apart() -> None:
    figure = line(
        x_range=(0.0, 1.0), vertical=(("a horizon with a long name", 0.5), ("another with a long name", 0.52))
    )
    drawn = str(plot.draw(figure, {}))
    notes = re.findall(r'<text class="note" x="([\d.]+)" y="([\d.]+)" text-anchor="middle">', drawn)
    assert len(notes) == 2
    assert notes[0][1] != notes[1][1], "in rows"
    top = min(float(y) for y in re.findall(r'class="grid" d="M[\d.]+ ([\d.]+)H', drawn))
    assert all(float(y) < top for _, y in notes)
    outside = str(plot.draw(line(x_range=(0.0, 1.0), vertical=(("later", 2.0),)), {}))
    assert "later" not in outside


def test_fine_lines_have_one_entry_in_the_legend() -> None:
    series = [
        Series(label=label, style="line", x=(0.0, 1.0), y=(0.0, 1.0), colour=colour, fine=fine)
        for label, colour, fine in (
            ("low", 0, False),
            ("high", 1, False),
            ("low, mean predicted", 0, True),
            ("high, mean predicted", 1, True),
        )
    ]
    drawn = str(plot.draw(line(series=tuple(series)), {}))
    assert [words for _, words in _texts(drawn, "key")] == ["low", "high", "mean predicted"]
    assert len(re.findall(r'class="line fine l\d"', drawn)) == 2


def test_both_edges_of_a_stepped_band_are_stairs() -> None:
    series = Series(
        label="a", style="step", x=(0.0, 0.5, 1.0), y=(0.5, 0.6, 0.7), low=(0.1, 0.3, 0.4), high=(0.6, 0.8, 0.9)
    )
    drawn = str(plot.draw(line(series=(series,), x_range=(0, 1), y_range=(0, 1)), {}))
    band = re.search(r'class="band[^>]* d="M([^"]+)Z"', drawn)
    assert band is not None
    points = [tuple(map(float, pair.split())) for pair in band[1].split("L")]
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points)), "no slopes"


def test_declared_ticks_are_drawn() -> None:
    drawn = str(plot.draw(line(x_range=(0.0, 1.0), x_ticks=(0.0, 0.35, 0.7)), {}))
    assert ">0.35<" in drawn
    assert ">1.0<" not in drawn.split('class="axis"', maxsplit=1)[0].split("tickmark", 1)[1]
