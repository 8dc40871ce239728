"""The learning curve: would more patients help?"""

from collections.abc import Sequence
from itertools import chain
from statistics import median

from bedside.evidence.figure import Figure, Series
from bedside.evidence.schema import Learner, Measure, Partition, Performance

_WIDE = 5.0
"""From this ratio of the most to the fewest patients on, equal ratios are drawn equally wide."""

_FAR = 20.0
"""Median distances from the median beyond which a value is told but not drawn: it would hide the others."""


def learning_curves(
    validation: str,
    *,
    learners: Sequence[Learner],
    measure: Measure,
    performance: Sequence[Performance],
    partitions: Sequence[Partition],
) -> tuple[Figure, ...]:
    """The primary measure against the number of patients learned from; nothing with fewer than two sizes.

    Args:
        validation: Name of the validation whose splits differ in the size of development only.
        learners: All learners.
        measure: Primary measure.
        performance: Rows of evidence.
        partitions: Sizes of partitions.
    """
    size = _labelled([row for row in partitions if row.validation == validation and row.partition != "test"])
    series = []
    for learner in learners:
        rows = [
            (size[row.group.removeprefix("split=")], row)
            for row in performance
            if (row.validation, row.learner, row.measure) == (validation, learner.name, measure.name)
            and row.group.removeprefix("split=") in size
            and row.value is not None
            and row.low is not None
            and row.high is not None
        ]
        if len(rows) > 1:
            series.append(_series(learner, sorted(rows, key=lambda pair: pair[0])))
    if not series:
        return ()
    shown = [kept for one in series if (kept := _near(one, series)).x]
    sizes = [patients for one in series for patients in one.x]
    conclusion = " ".join([_words(series[0], measure), *_fewest(series, measure), *_beyond(series)])
    return (
        Figure(
            name=validation,
            title="Learning curve",
            conclusion=conclusion,
            alt=f"{measure.label} against the number of patients learned from, one line a learner. {conclusion}",
            x_label="Patients learned from, those for tuning included",
            y_label=measure.label,
            series=tuple(chain(map(_line, shown), shown)),
            x_logarithmic=max(sizes) >= _WIDE * min(sizes),
            aspect="wide",
            section="training",
        ),
    )


def _series(learner: Learner, rows: Sequence[tuple[int, Performance]]) -> Series:
    return Series(
        label=learner.label,
        style="intervals",
        x=tuple(float(patients) for patients, _ in rows),
        y=tuple(row.value for _, row in rows if row.value is not None),
        low=tuple(row.low for _, row in rows if row.low is not None),
        high=tuple(row.high for _, row in rows if row.high is not None),
        learner=learner.name,
    )


def _labelled(partitions: Sequence[Partition]) -> dict[str, int]:
    """Patients whose outcomes a split used, tuning included; splits of which a number is withheld are left out."""
    found: dict[str, int] = {}
    for split in {row.split for row in partitions}:
        counts = [row.patients for row in partitions if row.split == split]
        known = [count for count in counts if not isinstance(count, str)]
        if len(known) == len(counts):
            found[split] = sum(known)
    return found


def _is_far(value: float, series: Sequence[Series]) -> bool:
    values = [y for one in series for y in one.y]
    middle = median(values)
    return abs(value - middle) > _FAR * median(abs(y - middle) for y in values) > 0


def _near(one: Series, series: Sequence[Series]) -> Series:
    """A series without its far values."""
    kept = [k for k, y in enumerate(one.y) if not _is_far(y, series)]
    columns = {name: tuple(getattr(one, name)[k] for k in kept) for name in ("x", "y", "low", "high")}
    return one.model_copy(update=columns)


def _beyond(series: Sequence[Series]) -> list[str]:
    """Values that are not drawn."""
    told = [
        f"{one.label} {y:.3f} with {x:,.0f} patients"
        for one in series
        for x, y in zip(one.x, one.y, strict=True)
        if _is_far(y, series)
    ]
    return [f"Too far away to be drawn: {'; '.join(told)}."] if told else []


def _line(one: Series) -> Series:
    """What joins the intervals: bands of several learners would hide one another."""
    return one.model_copy(update={"style": "line", "low": (), "high": ()})


def _fewest(series: Sequence[Series], measure: Measure) -> list[str]:
    """All learners where labels are scarcest, the best first; nothing where there is one learner."""
    least = min(one.x[0] for one in series)
    scarce = [one for one in series if one.x[0] == least]
    if len(scarce) < 2:
        return []
    scarce.sort(key=lambda one: one.y[0], reverse=measure.higher_is_better is not False)
    told = "; ".join(f"{one.label} {one.y[0]:.3f} ({one.low[0]:.3f} to {one.high[0]:.3f})" for one in scarce)
    return [f"With {least:,.0f} patients: {told}."]


def _words(one: Series, measure: Measure) -> str:
    gain = one.y[-1] - one.y[-2]
    helped = gain > 0 if measure.higher_is_better is not False else gain < 0
    beyond = one.low[-1] > one.y[-2] or one.high[-1] < one.y[-2]
    verb = "changed" if not beyond else "improved" if helped else "worsened"
    hint = "more patients may still help" if helped and beyond else "whether more would help is open"
    sizes = f"from {one.x[-2]:,.0f} to {one.x[-1]:,.0f} patients"
    values = f"from {one.y[-2]:.3f} to {one.y[-1]:.3f} ({one.low[-1]:.3f} to {one.high[-1]:.3f})"
    return f"{one.label}: {sizes} {measure.label} {verb} {values}; {hint}."
