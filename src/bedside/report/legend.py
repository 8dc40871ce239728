"""How series look, and the legend that says so: one entry a learner, one a kind of mark."""

import textwrap
from collections.abc import Mapping, Sequence

from markupsafe import escape

from bedside.evidence.figure import Figure, Series
from bedside.report.look import NEUTRAL, Look
from bedside.report.panel import Panel

LINE_HEIGHT = 19
NEXT_LINE = 15
"""Between the lines of one entry."""
LETTER = 6.7
"""Mean width of a letter at the figures' 12.5 px type, in user units."""
CURVES = ("line", "step")


def look_of(series: Series, number: int, looks: Mapping[str, Look], *, coloured: bool = False) -> Look | None:
    """A learner's own look, or that of the series' colour; other curves are neutral, other marks numbered.

    Args:
        series: Of a figure.
        number: Its place there.
        looks: Of learners.
        coloured: Whether any series of the figure has a colour; then marks without one are neutral too.
    """
    if series.learner is not None:
        return looks.get(series.learner, Look(number))
    if series.colour is not None:
        return Look(series.colour)
    return Look(number) if series.style in ("bars", "points", "intervals") and not coloured else None


def is_coloured(figure: Figure) -> bool:
    """Whether any series of a figure has a colour of its own."""
    return any(series.colour is not None for series in figure.series)


def rivals_of(series: Series, shown: Sequence[Series]) -> list[Series]:
    """Series of the same style; among curves only those that belong to no learner, as this one."""
    curve = series.style in CURVES
    return [
        each for each in shown if each.style == series.style and not (curve and each.learner and not series.learner)
    ]


def dash(look: Look | None, number: int) -> str:
    """The dash of a learner, or of the n-th reference curve."""
    pattern = look.dash if look else ("3 4", "9 4", "1 3", "9 3 1 3")[number % 4]
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def draw(figure: Figure, looks: Mapping[str, Look], panel: Panel, top: float) -> tuple[list[str], float]:
    """The legend below the plot, and its height."""
    entries = _entries(figure, looks)
    if len(entries) < 2 and not any(series.learner for series in figure.series):
        return [], 0.0
    left = min(panel.left, 58.0)
    room = panel.left + panel.width - left - 40
    parts, y = [], top + 12.0
    for swatch, label in entries:
        parts.append(f'<g transform="translate({left:.1f} {y:.1f})">{swatch}')
        lines = broken(label, room)
        parts += [
            f'<text class="key" x="38" y="{4 + k * NEXT_LINE}">{escape(line)}</text>' for k, line in enumerate(lines)
        ]
        parts.append("</g>")
        y += LINE_HEIGHT + (len(lines) - 1) * NEXT_LINE
    return parts, y - top - 4.0


def _entries(figure: Figure, looks: Mapping[str, Look]) -> list[tuple[str, str]]:
    """(swatch, label): the first series of each learner, what its further series are, then reference series."""
    first: dict[str, Series] = {}
    kinds: dict[str, Series] = {}
    drawn = [series for series in figure.series if series.style != "band"] or list(figure.series)
    for series in drawn:
        if series.fine:
            kinds.setdefault(series.label.rpartition(", ")[2], series)
        elif series.learner is None:
            continue
        elif series.learner not in first:
            first[series.learner] = series
        elif series.label != first[series.learner].label:
            kinds.setdefault(series.label.rpartition(", ")[2], series)
    entries = []
    coloured = is_coloured(figure)
    for number, series in enumerate(figure.series):
        look = look_of(series, number, looks, coloured=coloured)
        if series.label and not series.fine and (series.learner is None or first.get(series.learner) is series):
            rank = rivals_of(series, figure.series).index(series)
            entries.append((_swatch(series, look, rank), series.label))
    entries += [(_swatch(series, None, 0, dashed=False), kind) for kind, series in kinds.items()]
    return entries


def _swatch(series: Series, look: Look | None, rank: int, *, dashed: bool = True) -> str:
    colour = look.colour if look else "neutral"
    if series.style == "bars":
        return f'<path class="bar {colour}" d="M6 -5h18v10h-18Z"/>'
    if series.style == "band":
        return f'<path class="band {colour}" d="M0 -5h30v10h-30Z"/>'
    if series.style in CURVES:
        fine = " fine" if series.fine else ""
        return f'<path class="line{fine} {colour}"{dash(look, rank) if dashed else ""} d="M0 0H30"/>'
    whisker = f'<path class="whisker {colour}" d="M2 0H28"/>' if series.style == "intervals" else ""
    shape = (look or NEUTRAL).marker
    return f'{whisker}<g class="mark {colour}" transform="translate(15 0)"><path d="{shape}"/></g>'


def broken(text: str, room: float) -> list[str]:
    """Text on one line, or broken between words into two that fit into `room` user units each, the second cut."""
    if len(text) * LETTER <= room:
        return [text]
    first, *rest = textwrap.wrap(text, max(4, int(room / LETTER)), break_long_words=False)
    return [cut(first, room), cut(" ".join(rest), room)] if rest else [cut(first, room)]


def cut(text: str, room: float) -> str:
    """Text that fits into `room` user units, shortened with an ellipsis when it must be."""
    letters = max(4, int(room / LETTER))
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
