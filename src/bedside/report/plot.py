"""Draws any `Figure` as inline SVG that follows the page's colours, in light, dark and print."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from markupsafe import Markup, escape

from bedside.evidence.figure import Figure, Series
from bedside.report import below
from bedside.report import legend as legends
from bedside.report.legend import CURVES, LETTER, NEXT_LINE, broken, cut, dash, is_coloured, look_of, rivals_of
from bedside.report.look import NEUTRAL, Look, anchor
from bedside.report.panel import Panel
from bedside.report.scale import Scale, logarithmic, scale

LARGE_LETTER = 7.9
"""The same on a telephone, where the style sheet sets larger type in wide figures."""
LONG_WORDS = 9
"""Categories with longer names, or more than six of them, are listed down the side."""

MANY = 60
"""More points than this are drawn small."""
MOST_POINTS = 1200
"""Longer series are thinned evenly, in the drawing and in its data; evidence.json keeps all of them."""


def draw(figure: Figure, looks: Mapping[str, Look]) -> Markup:
    """The figure as an `<svg>` element; the caller supplies title and conclusion beside it."""
    panel, size = _layout(figure)
    clip = f"clip-{anchor(figure.name)}"
    shown = tuple(map(thin, figure.series))
    marks: list[str] = []
    coloured = is_coloured(figure)
    for number, series in enumerate(shown):
        look = look_of(series, number, looks, coloured=coloured)
        marks.extend(_series(series, look, panel, rivals_of(series, shown)))
    legend, legend_height = legends.draw(figure, looks, panel, size[1])
    height = size[1] + legend_height
    area = f'x="{panel.left:.1f}" y="{panel.top:.1f}" width="{panel.width:.1f}" height="{panel.height:.1f}"'
    body = "".join(
        [
            f'<clipPath id="{clip}"><rect {area}/></clipPath>',
            *_axes(figure, panel),
            *_references(figure, panel),
            *below.vertical(figure, panel),
            *_counts(figure, panel, looks, size[1]),
            f'<g clip-path="url(#{clip})">',
            *[mark for mark in marks if not mark.startswith('<g class="mark')],
            "</g>",
            *sorted((mark for mark in marks if mark.startswith('<g class="mark')), key=_foremost),
            *legend,
        ]
    )
    return Markup(  # noqa: S704 - every text below passed through escape()
        f'<svg class="plot {figure.aspect}" viewBox="0 0 {size[0]} {height:.0f}" role="img" '
        f'aria-label="{escape(figure.alt or figure.title)}" xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def _counts(figure: Figure, panel: Panel, looks: Mapping[str, Look], height: float) -> Iterator[str]:
    if figure.below is not None and figure.below.rows:
        yield from below.counts(figure.below, panel, looks, height - below.counts_height(figure.below), _letter(figure))


def _letter(figure: Figure) -> float:
    return LETTER if figure.aspect == "square" else LARGE_LETTER


def _foremost(mark: str) -> bool:
    """Neutral marks lie below those that have a colour."""
    return not mark.startswith('<g class="mark neutral')


def thin(series: Series) -> Series:
    """A series of at most `MOST_POINTS` points, first and last kept."""
    total = len(series.x)
    if total <= MOST_POINTS:
        return series
    kept = [round(i * (total - 1) / (MOST_POINTS - 1)) for i in range(MOST_POINTS)]
    columns = {
        name: tuple(column[i] for i in kept if i < len(column))
        for name, column in (("x", series.x), ("y", series.y), ("low", series.low), ("high", series.high))
    }
    return series.model_copy(update=columns)


def data(figure: Figure) -> dict[str, object]:
    """The figure's numbers, to five significant digits, for its CSV download."""

    def short(column: Sequence[float]) -> list[float]:
        return [float(f"{value:.5g}") for value in column]

    series: list[dict[str, object]] = [
        {"label": each.label, "x": short(each.x), "y": short(each.y), "low": short(each.low), "high": short(each.high)}
        for each in map(thin, figure.series)
    ]
    if figure.below is not None:
        at = short(figure.below.at)
        series += [
            {"label": f"{figure.below.title}: {row.label}", "x": at, "y": list(row.counts), "low": [], "high": []}
            for row in figure.below.rows
        ]
    return {"x": figure.x_label, "y": figure.y_label, "categories": list(figure.x_categories), "series": series}


def _layout(figure: Figure) -> tuple[Panel, tuple[int, int]]:
    xs = [x for series in figure.series for x in series.x]
    ys = [y for series in figure.series for column in (series.y, series.low, series.high) for y in column]
    bars = [series for series in figure.series if series.style == "bars"]
    if bars:
        ys.append(0.0)
    ys += [height for _, height in figure.horizontal] if figure.y_range is None else []
    words = figure.x_categories
    sideways = bool(words) and (len(words) > 6 or max(map(len, words)) > LONG_WORDS)
    width, height = (440, 380) if figure.aspect == "square" else (620, 370)
    left, bottom = 58.0, 52.0
    if words:
        x = Scale(-0.6, len(words) - 0.4, tuple(float(i) for i in range(len(words))))
    elif figure.x_logarithmic:
        x = logarithmic(xs)
    else:
        half = _slot(bars) / 2
        xs += [x - half for series in bars for x in series.x] + [x + half for series in bars for x in series.x]
        x = scale(xs, limits=figure.x_range, pad=0.02, whole=all(value == round(value) for value in xs))
    marked = figure.x_ticks if figure.below is None else figure.below.at
    if marked:
        x = replace(x, ticks=tuple(place for place in marked if x.inside(place)))
    left = max(left, below.counts_margin(figure.below, _letter(figure)))
    if sideways:
        left = min(0.45 * width, LARGE_LETTER * max(map(len, words)) + 18)
        height = max(140, 26 * len(words) + 70)
    wanted = 3 if sideways else 5
    y = scale(ys, limits=figure.y_range, bounds=(0.0 if min(ys, default=0.0) >= 0 else None, None), wanted=wanted)
    if not sideways:
        left = max(left, LETTER * max((len(y.word(tick)) for tick in y.ticks), default=0) + 30)
    extra = NEXT_LINE * (len(broken(figure.y_label if sideways else figure.x_label, float(width - 18))) - 1)
    room = below.ABOVE * below.rows_above(figure)
    panel = Panel(left, 12.0 + room, width - left - 18, height - 12 - bottom, x, y, sideways)
    return panel, (width, height + room + extra + below.counts_height(figure.below))


def _axes(figure: Figure, panel: Panel) -> Iterator[str]:
    right, bottom = panel.left + panel.width, panel.top + panel.height
    across, up = (panel.y, panel.x) if panel.sideways else (panel.x, panel.y)
    across_label, up_label = (figure.y_label, "") if panel.sideways else (figure.x_label, figure.y_label)
    words_across = () if panel.sideways else figure.x_categories
    words_up = figure.x_categories if panel.sideways else ()
    for i, tick in enumerate(up.ticks):
        y = panel.top + (up.place(tick) if panel.sideways else 1 - up.place(tick)) * panel.height
        yield f'<path class="grid" d="M{panel.left:.1f} {y:.1f}H{right:.1f}"/>'
        word = cut(words_up[i], panel.left - 14) if words_up else up.word(tick)
        yield f'<text class="tick" x="{panel.left - 7:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(word)}</text>'
    for i, tick in enumerate(across.ticks):
        x = panel.left + across.place(tick) * panel.width
        yield f'<path class="tickmark" d="M{x:.1f} {bottom:.1f}v5"/>'
        word = words_across[i] if words_across else across.word(tick)
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 19:.1f}" text-anchor="middle">{escape(word)}</text>'
    yield f'<path class="axis" d="M{panel.left:.1f} {bottom:.1f}H{right:.1f}"/>'
    lines = broken(across_label, panel.width + panel.left)
    half = LETTER * max(map(len, lines)) / 2
    middle = max(half, min(panel.left + panel.width / 2, right + 18 - half))
    for k, line in enumerate(lines):
        place = f'x="{middle:.1f}" y="{bottom + 41 + k * NEXT_LINE:.1f}"'
        yield f'<text class="label" {place} text-anchor="middle">{escape(line)}</text>'
    if up_label:
        centre = panel.top + panel.height / 2
        label = escape(cut(up_label, panel.height + 40))
        turned = f'transform="translate(15 {centre:.1f})rotate(-90)" text-anchor="middle"'
        yield f'<text class="label" {turned}>{label}</text>'


def _references(figure: Figure, panel: Panel) -> Iterator[str]:
    """The identity line and labelled heights."""
    if figure.diagonal:
        low, high = max(panel.x.low, panel.y.low), min(panel.x.high, panel.y.high)
        if high > low:
            yield f'<path class="reference" d="{panel.path((low, high), (low, high))}"/>'
    for text, value in figure.horizontal:
        if not panel.y.inside(value):
            continue
        ends = panel.path((panel.x.low, panel.x.high), (value, value))
        yield f'<path class="reference" d="{ends}"/>'
        x, y = panel.point(panel.x.low if panel.sideways else panel.x.high, value)
        word = cut(text, panel.width * 0.8)
        if panel.sideways:  # beside the line, on the side where there is room
            before = x + 4 + LETTER * len(word) > panel.left + panel.width + 18
            place = (
                f'x="{x - 4:.1f}" y="{y - 2:.1f}" text-anchor="end"' if before else f'x="{x + 4:.1f}" y="{y - 2:.1f}"'
            )
        else:
            place = f'x="{x - 3:.1f}" y="{y - 5:.1f}" text-anchor="end"'
        yield f'<text class="note" {place}>{escape(word)}</text>'


def _series(series: Series, look: Look | None, panel: Panel, rivals: Sequence[Series]) -> Iterator[str]:
    """One series; `rivals` are those of its style, beside which bars and intervals are set."""
    colour = look.colour if look else "neutral"
    if series.style == "bars":
        yield from _bars(series, colour, panel, rivals)
        return
    if series.low and series.high and series.style != "intervals":
        there = panel.path(series.x, series.high, step=series.style == "step")
        back = panel.path(series.x, series.low, step=series.style == "step", backwards=True)
        yield f'<path class="band {colour}" d="{there}L{back[1:]}Z"/>'
    if series.style in CURVES:
        line = panel.path(series.x, series.y, step=series.style == "step")
        fine = " fine" if series.fine else ""
        yield f'<path class="line{fine} {colour}"{dash(look, rivals.index(series))} d="{line}"/>'
    crowded = series.style == "intervals" and len({rival.x for rival in rivals}) < len(rivals)
    aside = 6.0 * (rivals.index(series) - (len(rivals) - 1) / 2) if crowded else 0.0
    shift = (0.0, aside) if panel.sideways else (aside, 0.0)
    if series.style == "intervals":
        for x, low, high in zip(series.x, series.low, series.high, strict=False):
            yield (
                f'<path class="whisker {colour}" transform="translate({shift[0]:g} {shift[1]:g})" '
                f'd="{panel.path((x, x), (low, high))}"/>'
            )
    if series.style in ("points", "intervals"):
        small = " scale(.6)" if len(series.x) > MANY or look is None else ""
        shape = (look or NEUTRAL).marker
        for x, y in zip(series.x, series.y, strict=False):
            a, b = panel.point(x, y)
            place = f"translate({a + shift[0]:.1f} {b + shift[1]:.1f}){small}"
            yield f'<g class="mark {colour}" transform="{place}"><path d="{shape}"/></g>'


def _slot(bars: Sequence[Series]) -> float:
    """How much of the axis the bars at one place share; none without bars."""
    if not bars:
        return 0.0
    places = sorted({x for series in bars for x in series.x})
    return 0.8 * min((b - a for a, b in pairwise(places)), default=1.0)


def _bars(series: Series, colour: str, panel: Panel, bars: Sequence[Series]) -> Iterator[str]:
    """Bars from zero; several series stand side by side in their slot."""
    slot = _slot(bars)
    width = slot / len(bars)
    shift = -slot / 2 + width * bars.index(series)
    for i, (x, y) in enumerate(zip(series.x, series.y, strict=False)):
        corners = ((x + shift, 0.0), (x + shift, y), (x + shift + width, y), (x + shift + width, 0.0))
        outline = panel.path([a for a, _ in corners], [b for _, b in corners])
        yield f'<path class="bar {colour}" d="{outline}Z"/>'
        if i < len(series.low) and i < len(series.high):
            middle = x + shift + width / 2
            ends = panel.path((middle, middle), (series.low[i], series.high[i]))
            yield f'<path class="whisker neutral" d="{ends}"/>'
