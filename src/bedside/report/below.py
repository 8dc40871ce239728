"""What stands around the plotting area of a figure: counts below the x axis, and the names of its vertical lines."""

from collections.abc import Iterator, Mapping

from markupsafe import escape

from bedside.evidence.figure import CountRow, CountsBelow, Figure
from bedside.report.legend import LETTER, cut
from bedside.report.look import Look
from bedside.report.number import count
from bedside.report.panel import Panel

LINE = 18
"""Between rows of counts."""
SWATCH = 16
"""Length of the line that tells whose counts a row holds."""
ABOVE = 16
"""Height of a row of names above the plotting area."""
MOST_ABOVE = 3
_TITLE = 24


def counts_height(below: CountsBelow | None) -> int:
    """How much room counts need below the name of the x axis."""
    return 0 if below is None or not below.rows else _TITLE + LINE * len(below.rows) + 4


def counts_margin(below: CountsBelow | None, letter: float) -> float:
    """How far from the left edge the first place may lie, so that the labels of rows stand beside it.

    Args:
        below: Counts of a figure.
        letter: Mean width of a letter, in user units.
    """
    if below is None or not below.rows:
        return 0.0
    longest = max(len(row.label) for row in below.rows)
    widest = max((len(count(row.counts[0])) for row in below.rows if row.counts), default=1)
    return 6 + SWATCH + 5 + letter * longest + 12 + letter * widest / 2


def counts(below: CountsBelow, panel: Panel, looks: Mapping[str, Look], top: float, letter: float) -> Iterator[str]:
    """Rows of counts, the title above them, from `top` on."""
    edge = panel.left - counts_margin(below, letter) + 6
    yield f'<text class="note" x="{edge:.1f}" y="{top + 14:.1f}">{escape(below.title)}</text>'
    for number, row in enumerate(below.rows):
        y = top + _TITLE + LINE * number + 9
        look = _look(row, looks)
        colour = look.colour if look else "neutral"
        pattern = f' stroke-dasharray="{look.dash}"' if look and look.dash else ""
        yield f'<path class="line {colour}"{pattern} d="M{edge:.1f} {y - 4:.1f}h{SWATCH}"/>'
        yield f'<text class="tick" x="{edge + SWATCH + 5:.1f}" y="{y:.1f}">{escape(row.label)}</text>'
        for place, number_there in zip(below.at, row.counts, strict=True):
            if panel.x.inside(place):
                x = panel.left + panel.x.place(place) * panel.width
                word = escape(count(number_there))
                yield f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{word}</text>'


def _look(row: CountRow, looks: Mapping[str, Look]) -> Look | None:
    if row.learner is not None:
        return looks.get(row.learner)
    return None if row.colour is None else Look(row.colour)


def rows_above(figure: Figure) -> int:
    """How many rows the names of vertical lines need above the plotting area: one each, so that none meet."""
    return min(MOST_ABOVE, len(figure.vertical))


def vertical(figure: Figure, panel: Panel) -> Iterator[str]:
    """Dashed lines from the bottom to the top, each name above its line, in rows where they would meet."""
    inside = sorted(((x, text) for text, x in figure.vertical if panel.x.inside(x)), key=lambda one: one[0])
    rows = rows_above(figure)
    bottom = panel.top + panel.height
    for number, (value, text) in enumerate(inside):
        x = panel.left + panel.x.place(value) * panel.width
        word = cut(text, panel.width)
        half = LETTER * len(word) / 2
        middle = max(panel.left + half - 12, min(x, panel.left + panel.width + 14 - half))
        y = panel.top - 5 - ABOVE * (number % rows)
        yield f'<path class="reference" d="M{x:.1f} {bottom:.1f}V{panel.top:.1f}"/>'
        yield f'<text class="note" x="{middle:.1f}" y="{y:.1f}" text-anchor="middle">{escape(word)}</text>'
