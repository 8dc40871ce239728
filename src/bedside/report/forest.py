"""Intervals side by side: the key figure, subgroups, sites and contrasts.

A forest is a table of real text with a small drawing in each row, so that it reads on a telephone, prints, and
is spoken by a screen reader; `svg` gives the same as one drawing for a paper.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from bedside.report.look import Look
from bedside.report.number import interval
from bedside.report.scale import Scale, scale

ROW = 24
"""Height of one estimate, in CSS pixels; the style sheet uses the same."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One estimate in a row, or the reason why there is none.

    Attributes:
        words: The estimate as printed, where other digits suit it than those of a difference or a share.
    """

    look: Look
    label: str
    value: float | None
    low: float | None
    high: float | None
    reason: str = ""
    words: str = ""

    @property
    def text(self) -> str:
        """The estimate in words."""
        if self.words:
            return self.words
        return "not estimable" if self.value is None else interval(self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is, a detail in small type, and its estimates."""

    label: str
    detail: str
    marks: tuple[Mark, ...]
    heading: bool = False
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Forest:
    """Rows of estimates on one scale.

    Attributes:
        name: For anchors and file names.
        title: What it shows.
        conclusion: What to take from it.
        label: What the scale measures.
        scale: The common axis.
        rows: From top to bottom.
        reference: Where a line is drawn through all rows (no difference, the overall estimate).
        margin: Half-width around the reference that was declared too small to matter.
        left, right: What lies on either side of the reference, in words.
        legend: (look, label) when the rows hold more than one learner.
    """

    name: str
    title: str
    conclusion: str
    label: str
    scale: Scale
    rows: tuple[Row, ...]
    reference: float | None = None
    margin: float = 0.0
    left: str = ""
    right: str = ""
    legend: tuple[tuple[Look, str], ...] = ()

    def drawing(self, row: Row) -> Markup:
        """The marks of one row as an SVG as wide as its cell."""
        return _cell(self, row)

    def axis(self) -> Markup:
        """The axis as an SVG as wide as its cell."""
        return _axis(self)

    def svg(self) -> Markup:
        """The whole forest as one drawing, for download."""
        return _svg(self)


def build(
    name: str,
    title: str,
    label: str,
    rows: Sequence[Row],
    *,
    conclusion: str = "",
    reference: float | None = None,
    margin: float = 0.0,
    bounds: tuple[float | None, float | None] = (None, None),
    sides: tuple[str, str] = ("", ""),
    legend: Iterable[tuple[Look, str]] = (),
) -> Forest:
    """A forest whose scale holds every limit, the reference and its margin."""
    marks = [mark for row in rows for mark in row.marks if mark.value is not None]
    values = [v for mark in marks for v in (mark.value, mark.low, mark.high) if v is not None]
    if reference is not None:
        values += [reference - margin, reference + margin]
    return Forest(
        name=name,
        title=title,
        conclusion=conclusion,
        label=label,
        scale=scale(values, bounds=bounds, wanted=4, pad=0.06),
        rows=tuple(rows),
        reference=reference,
        margin=margin,
        left=sides[0],
        right=sides[1],
        legend=tuple(legend),
    )


def _percent(forest: Forest, value: float) -> str:
    return f"{100 * min(1.0, max(0.0, forest.scale.place(value))):.2f}%"


def _lines(forest: Forest, height: float) -> str:
    """The reference line and the margin around it, behind the marks."""
    if forest.reference is None:
        return ""
    parts = ""
    if forest.margin > 0:
        low, high = (forest.scale.place(forest.reference + side * forest.margin) for side in (-1, 1))
        parts = f'<rect class="margin" x="{100 * low:.2f}%" width="{100 * (high - low):.2f}%" y="0" height="{height}"/>'
    x = _percent(forest, forest.reference)
    return f'{parts}<line class="reference" x1="{x}" x2="{x}" y1="0" y2="{height}"/>'


def _cell(forest: Forest, row: Row) -> Markup:
    height = ROW * max(1, len(row.marks))
    parts = [_lines(forest, height)]
    for number, mark in enumerate(row.marks):
        if mark.value is None:
            continue
        y = ROW * number + ROW // 2
        if mark.low is not None and mark.high is not None:
            ends = f'x1="{_percent(forest, mark.low)}" x2="{_percent(forest, mark.high)}"'
            parts.append(f'<line class="whisker {mark.look.colour}" {ends} y1="{y}" y2="{y}"/>')
        parts.append(
            f'<svg x="{_percent(forest, mark.value)}" y="{y}" overflow="visible">'
            f'<g class="mark {mark.look.colour}"><path d="{mark.look.marker}"/></g></svg>'
        )
    return Markup(  # noqa: S704 - numbers and our own class names only
        f'<svg class="cell" width="100%" height="{height}" aria-hidden="true">{"".join(parts)}</svg>'
    )


def _axis(forest: Forest) -> Markup:
    parts = ['<line class="axis" x1="0" x2="100%" y1="0.5" y2="0.5"/>']
    for tick in forest.scale.ticks:
        x, place = _percent(forest, tick), forest.scale.place(tick)
        anchored = "start" if place < 0.05 else "end" if place > 0.95 else "middle"
        parts.append(f'<line class="tickmark" x1="{x}" x2="{x}" y1="0" y2="5"/>')
        parts.append(f'<text class="tick" x="{x}" y="18" text-anchor="{anchored}">{forest.scale.word(tick)}</text>')
    return Markup(  # noqa: S704 - numbers and our own class names only
        f'<svg class="cell" width="100%" height="22" aria-hidden="true">{"".join(parts)}</svg>'
    )


def _svg(forest: Forest) -> Markup:
    left, plot, width = 250, 270, 720
    y, parts = 24.0, [f'<text class="key strong" x="0" y="14">{escape(forest.title)}</text>']
    lines: list[str] = []
    for row in forest.rows:
        height = ROW * max(1, len(row.marks))
        label = f"{row.label}  {row.detail}" if row.detail else row.label
        style = "key strong" if row.heading or row.strong else "key"
        cut = label if len(label) < 40 else label[:38] + "…"
        parts.append(f'<text class="{style}" x="0" y="{y + 16:.0f}">{escape(cut)}</text>')
        inner = _cell(forest, row).replace('width="100%"', f'x="{left}" y="{y:.0f}" width="{plot}"', 1)
        parts.append(str(inner) if row.marks else "")
        for number, mark in enumerate(row.marks):
            words = f'x="{left + plot + 14}" y="{y + ROW * number + 16:.0f}"'
            parts.append(f'<text class="key" {words}>{escape(mark.text)}</text>')
        y += height
    axis = _axis(forest).replace('width="100%"', f'x="{left}" y="{y + 2:.0f}" width="{plot}"', 1)
    middle = left + plot / 2
    lines.append(
        f'<text class="label" x="{middle}" y="{y + 40:.0f}" text-anchor="middle">{escape(forest.label)}</text>'
    )
    y += 52
    for look, text in forest.legend:
        lines.append(f'<g class="mark {look.colour}" transform="translate(8 {y:.0f})"><path d="{look.marker}"/></g>')
        lines.append(f'<text class="key" x="22" y="{y + 4:.0f}">{escape(text)}</text>')
        y += 20
    return Markup(  # noqa: S704 - every text passed through escape()
        f'<svg class="plot" viewBox="0 0 {width} {y:.0f}" width="{width}" height="{y:.0f}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}{axis}{"".join(lines)}</svg>'
    )
