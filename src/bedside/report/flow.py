"""The flow diagram: who was read, excluded and why, included, and how they were divided."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from bedside.evidence.schema import FlowStep
from bedside.report.number import count, plural, together

WIDTH = 440
LINE = 18
SPINE = 36.0
"""Where the line runs that joins the boxes."""
LETTERS_PER_UNIT = 1 / 7.1


@dataclass(frozen=True, slots=True)
class Box:
    """A last box of the diagram: a partition and its size."""

    title: str
    lines: tuple[str, ...]


def words(step: FlowStep) -> str:
    """One step as a sentence, as it stands in the diagram and in its text alternative."""
    size = plural(step.records, "record")
    if step.patients is not None:
        size += f", {plural(step.patients, 'patient')}"
    return size


def alternative(steps: Sequence[FlowStep], boxes: Sequence[Box]) -> str:
    """The diagram in words."""
    said = [f"{step.kind}: {step.text}, {words(step)}" for step in steps]
    said += [f"{box.title}: {', '.join(box.lines)}" for box in boxes]
    return "Flow of participants. " + "; ".join(said) + "."


def draw(steps: Sequence[FlowStep], boxes: Sequence[Box]) -> Markup:
    """The diagram as an `<svg>` element, narrow enough to read on a telephone."""
    parts: list[str] = []
    y, last_main = 2.0, 0.0
    for group in _grouped(steps):
        side = group[0].kind in ("excluded", "censored")
        left, width = (76.0, WIDTH - 78.0) if side else (2.0, WIDTH - 4.0)
        lines = _excluded(group, width) if side else _main(group[0], width)
        height = LINE * len(lines) + 16
        if y > 4:
            parts.append(_aside(SPINE, last_main, y + height / 2, left - 1) if side else "")
        parts.append(_box(left, y, width, height, lines, "side" if side else "main"))
        if side:
            y += height + 16
            continue
        if last_main:
            parts.append(_down(SPINE, last_main, y - 1))
        last_main = y + height
        y = last_main + 22
    if boxes:
        row, y = _row(boxes, last_main, y)
        parts.append(row)
    else:
        y = max(y - 18, last_main + 4)
    label = escape(alternative(steps, boxes))
    return Markup(  # noqa: S704 - every text passed through escape()
        f'<svg class="plot flow" viewBox="0 0 {WIDTH} {y:.0f}" role="img" aria-label="{label}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _grouped(steps: Sequence[FlowStep]) -> list[list[FlowStep]]:
    """Exclusions in a row share one box."""
    groups: list[list[FlowStep]] = []
    for step in steps:
        if step.kind == "excluded" and groups and groups[-1][0].kind == "excluded":
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def _wrap(text: str, width: float) -> list[str]:
    return textwrap.wrap(text, max(12, int((width - 24) * LETTERS_PER_UNIT)), break_long_words=True) or [""]


def _main(step: FlowStep, width: float) -> list[tuple[str, str]]:
    return [("key strong", line) for line in _wrap(step.text, width)] + [("key", words(step))]


def _excluded(group: Sequence[FlowStep], width: float) -> list[tuple[str, str]]:
    total = together([step.records for step in group])
    lines = [("key strong", f"{group[0].kind.capitalize()}: {plural(total, 'record')}")]
    for step in group:
        patients = "" if step.patients is None else f" ({plural(step.patients, 'patient')})"
        wrapped = _wrap(f"{count(step.records)}{patients}: {step.text}", width)
        lines += [("key", line) for line in wrapped]
    return lines


def _box(x: float, y: float, width: float, height: float, lines: Sequence[tuple[str, str]], kind: str) -> str:
    shape = f'<rect class="box {kind}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="3"/>'
    text = "".join(
        f'<text class="{style}" x="{x + 12:.0f}" y="{y + 21 + LINE * number:.0f}">{escape(line)}</text>'
        for number, (style, line) in enumerate(lines)
    )
    return shape + text


def _down(x: float, above: float, below: float) -> str:
    """An arrow downwards."""
    line = f'<path class="flowline" d="M{x:.0f} {above:.0f}V{below:.0f}"/>'
    return f'{line}<path class="tip" d="M{x:.0f} {below:.0f}l-4 -7h8Z"/>'


def _aside(x: float, above: float, y: float, right: float) -> str:
    """An arrow that leaves the spine to the right."""
    line = f'<path class="flowline" d="M{x:.0f} {above:.0f}V{y:.0f}H{right:.0f}"/>'
    return f'{line}<path class="tip" d="M{right:.0f} {y:.0f}l-7 -4v8Z"/>'


def _row(boxes: Sequence[Box], above: float, y: float) -> tuple[str, float]:
    """Partitions side by side, at most two in a line."""
    y += 2
    columns = 1 if len(boxes) == 1 else 2
    width = (WIDTH - 4 - 10 * (columns - 1)) / columns
    parts = [_down(SPINE, above, y - 1)]
    for start in range(0, len(boxes), columns):
        line = boxes[start : start + columns]
        texts = [
            [("key strong", part) for part in _wrap(box.title, width)]
            + [("key", part) for text in box.lines for part in _wrap(text, width)]
            for box in line
        ]
        height = LINE * max(map(len, texts)) + 16
        for number, lines in enumerate(texts):
            parts.append(_box(2 + number * (width + 10), y, width, height, lines, "main"))
        y += height + 10
    return "".join(parts), y - 6
