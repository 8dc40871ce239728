"""Shift: how unlike the data that were learned from the judged patients are, in predictors and in outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bedside.evidence.figure import Figure, Series
from bedside.evidence.schema import Partition, Shift, Validation
from bedside.report.number import count, decimal, plural, shown, together
from bedside.report.results import Results
from bedside.report.sections.summary import validation_words
from bedside.report.table import Cell, Column, Row, Table

MOST_VARIABLES = 15
MOST_SPLITS = 6
"""With more splits their range is drawn instead of a mark each."""
LONG = 24
NUMBERS = ("standardised mean difference",)
SHARES = ("total variation", "missing share")
CUSTOMARY = 0.1
"""Below this a standardised difference is customarily called small (Austin 2009, Stat Med 28:3083)."""


@dataclass(frozen=True, slots=True)
class Shifted:
    """What is shown of one validation."""

    title: str
    words: str
    figures: tuple[Figure, ...]
    outcome: Table | None
    table: Table | None


def shifted(results: Results) -> list[Shifted]:
    """One entry for each validation in which shift was measured, the primary one first."""
    found = []
    for validation in results.validations:
        rows = [row for row in results.evidence.shift if row.validation == validation.name]
        if not rows:
            continue
        drawn = (
            _figure(validation, rows, NUMBERS, "Numbers", "Absolute standardised difference"),
            _figure(validation, rows, SHARES, "Categories and missing values", "Absolute difference in shares"),
        )
        found.append(
            Shifted(
                title=validation_words(validation.name).capitalize(),
                words=outcome_words(results, validation),
                figures=tuple(figure for figure in drawn if figure is not None),
                outcome=_outcome(results, validation),
                table=_table(validation, rows),
            )
        )
    return found


def words(results: Results) -> str:
    """Shift of the first validation in which it was measured, as sentences."""
    for validation in results.validations:
        rows = [row for row in results.evidence.shift if row.validation == validation.name]
        if rows:
            said = (_largest(validation, rows, NUMBERS), _largest(validation, rows, SHARES))
            return " ".join(text for text in (outcome_words(results, validation), *said) if text)
    return ""


def split_words(name: str) -> str:
    """`site=cleveland` as printed."""
    key, sign, word = name.partition("=")
    return word if sign and key == "site" else name


def _label(row: Shift) -> str:
    name = row.variable.replace("_", " ")
    return f"missing: {name}" if row.statistic == "missing share" else name


def _largest(validation: Validation, rows: Sequence[Shift], statistics: Sequence[str]) -> str:
    found = [row for row in rows if row.statistic in statistics and not row.variable.startswith("outcome")]
    if not found:
        return ""
    most = max(found, key=lambda row: abs(row.value))
    where = f" in {split_words(most.split)}" if len(validation.splits) > 1 else ""
    kind = {
        "standardised mean difference": "standardised difference of a number",
        "total variation": "difference in categories (total variation)",
        "missing share": "difference in missing values",
    }[most.statistic]
    return f"The largest {kind} is {decimal(most.value)} for {most.variable.replace('_', ' ')}{where}."


def _figure(
    validation: Validation, rows: Sequence[Shift], statistics: Sequence[str], title: str, label: str
) -> Figure | None:
    rows = [row for row in rows if row.statistic in statistics and not row.variable.startswith("outcome")]
    largest: dict[str, float] = {}
    for row in rows:
        largest[_label(row)] = max(abs(row.value), largest.get(_label(row), 0.0))
    if not largest:
        return None
    shown = sorted(largest, key=lambda name: -largest[name])[:MOST_VARIABLES]
    place = {name: float(number) for number, name in enumerate(shown)}
    splits = list(dict.fromkeys(row.split for row in rows))
    drawn = [(place[_label(row)], abs(row.value), row.split) for row in rows if _label(row) in place]
    series = _each(splits, drawn) if len(splits) <= MOST_SPLITS else [_range(drawn, len(splits))]
    over = sum(value > CUSTOMARY for value in largest.values())
    reference = ((f"{CUSTOMARY:g}", CUSTOMARY),) if statistics == NUMBERS else ()
    extent = (
        f"{over} of {len(largest)} exceed {CUSTOMARY:g}, above which a difference is customarily not called small."
        if reference
        else ""
    )
    return Figure(
        name=f"shift-{validation.name}-{'numbers' if reference else 'shares'}",
        title=f"Judged against learned from: {title.lower()}",
        conclusion=f"{_largest(validation, rows, statistics)} {extent}".strip(),
        alt=f"Largest differences between judged and learning patients: {', '.join(shown[:5])}.",
        x_label="Predictor",
        y_label=label,
        series=tuple(series),
        x_categories=tuple(shown),
        y_range=(0.0, max(1.05 * max(largest.values()), 0.2)),
        horizontal=reference,
        section="robustness",
    )


def _each(splits: Sequence[str], drawn: Sequence[tuple[float, float, str]]) -> list[Series]:
    """One series of points a split."""
    made = []
    for split in splits:
        mine = sorted((x, y) for x, y, name in drawn if name == split)
        if mine:
            xs, ys = zip(*mine, strict=True)
            made.append(Series(label=split_words(split), style="points", x=xs, y=ys))
    return made


def _range(drawn: Sequence[tuple[float, float, str]], splits: int) -> Series:
    """The median over splits, with the smallest and the largest."""
    by_place: dict[float, list[float]] = {}
    for x, y, _ in drawn:
        by_place.setdefault(x, []).append(y)
    places = sorted(by_place)
    return Series(
        label=f"median, smallest and largest of {splits} splits",
        style="intervals",
        x=tuple(places),
        y=tuple(median(by_place[x]) for x in places),
        low=tuple(min(by_place[x]) for x in places),
        high=tuple(max(by_place[x]) for x in places),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """The outcome in what was learned from and in what was judged, in one split."""

    split: str
    word: str
    learned: float
    judged: float
    cases: tuple[float, float]
    share: bool

    @property
    def texts(self) -> tuple[str, str]:
        """Both as printed."""
        if self.share:
            return f"{self.learned:.1%}", f"{self.judged:.1%}"
        return decimal(self.learned), decimal(self.judged)


def changes(results: Results, validation: Validation) -> list[Change]:
    """The outcome by split; of several classes the one that changed most (of two, the second)."""
    found = []
    shifts = {row.split for row in results.evidence.shift if row.validation == validation.name}
    mine = [part for part in results.evidence.partitions if part.validation == validation.name]
    for split in dict.fromkeys(part.split for part in mine):
        parts = [part for part in mine if part.split == split]
        judged = [part for part in parts if part.partition == "test"]
        learned = [part for part in parts if part.partition != "test"]
        sizes = [together([part.cases for part in each]) for each in (learned, judged)]
        cases = [size for size in sizes if size and not isinstance(size, str)]
        if split not in shifts or len(cases) < 2:
            continue
        classes = results.evidence.study.classes
        if not classes:
            pair = [_mean(part, size) for part, size in zip((learned, judged), cases, strict=True)]
            found.append(Change(split, "the mean outcome", pair[0], pair[1], (cases[0], cases[1]), share=False))
            continue
        counts = {
            word: [together([p.outcome.get(word, 0.0) for p in part]) for part in (learned, judged)] for word in classes
        }
        known = _known(results, (learned, judged), cases)
        if known is None:
            continue
        shares = {
            word: [n / size for n, size in zip(numbers, known, strict=True) if not isinstance(n, str)]
            for word, numbers in counts.items()
        }
        shares = {word: found_in for word, found_in in shares.items() if len(found_in) == len(cases)}
        if len(shares) < len(classes):
            continue
        word = classes[1] if len(classes) == 2 else max(shares, key=lambda w: abs(shares[w][1] - shares[w][0]))
        found.append(Change(split, word, shares[word][0], shares[word][1], (known[0], known[1]), share=True))
    return found


def _known(
    results: Results, parts: tuple[list[Partition], list[Partition]], cases: Sequence[float]
) -> list[float] | None:
    """How many cases have an answer, in what was learned from and in what was judged; None where none or withheld."""
    word = results.evidence.study.unanswered
    if not word:
        return list(cases)
    without = [together([part.outcome.get(word, 0.0) for part in each]) for each in parts]
    known = [size - n for size, n in zip(cases, without, strict=True) if not isinstance(n, str) and size > n]
    return known if len(known) == len(cases) else None


def _mean(parts: Sequence[Partition], size: float) -> float:
    pairs = [(shown(part.outcome.get("mean", 0.0)), shown(part.cases)) for part in parts]
    return sum((mean or 0.0) * (cases or 0.0) for mean, cases in pairs) / size


def outcome_words(results: Results, validation: Validation) -> str:
    """How the outcome changed, and what that means, as sentences."""
    found = changes(results, validation)
    if not found:
        return ""
    widest = sorted(found, key=lambda each: -abs(each.judged - each.learned))[:4]
    said = []
    for each in widest:
        before, after = each.texts
        verb = "stayed at" if before == after else ("rose" if each.judged > each.learned else "fell")
        motion = f"stayed at {after}" if before == after else f"{verb} from {before} to {after}"
        where = f"in {split_words(each.split)}, " if len(found) > 1 else ""
        said.append(f"{where}{f'“{each.word}”' if each.share else each.word} {motion}")
    more = f" (the {len(widest)} largest changes of {plural(len(found), 'split')})" if len(found) > len(widest) else ""
    meaning = (
        "Predictive values and calibration in the large move with the share of an outcome; discrimination need not."
        if found[0].share
        else "Calibration in the large moves with the mean of the outcome; ranking need not."
    )
    text = "; ".join(said)
    return f"From learning to judged patients{more}: {text}. {meaning}"


def _outcome(results: Results, validation: Validation) -> Table | None:
    found = changes(results, validation)
    if len(found) < 2:
        return None
    body = []
    for each in found:
        before, after = each.texts
        moved = each.judged - each.learned
        points = decimal(100 * moved, 1) if each.share else decimal(moved)
        body.append(
            Row(
                (
                    Cell(split_words(each.split)),
                    Cell(each.word),
                    Cell(before, each.learned, small=f"n = {count(each.cases[0])}", style="number"),
                    Cell(after, each.judged, small=f"n = {count(each.cases[1])}", style="number"),
                    Cell(points, moved, style="number"),
                )
            )
        )
    unit = "Change (percentage points)" if found[0].share else "Change"
    return Table(
        f"shift-outcome-{validation.name}",
        "The outcome among patients learned from and patients judged.",
        (Column("Split"), Column("Outcome"), *[Column(t, number=True) for t in ("Learned from", "Judged", unit)]),
        tuple(body),
        long=len(body) > LONG,
    )


def _table(validation: Validation, rows: Sequence[Shift]) -> Table | None:
    """Every difference; one column a split where there are few, their extremes otherwise."""
    splits = list(dict.fromkeys(row.split for row in rows))
    few = len(splits) <= MOST_SPLITS
    by_key: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows:
        by_key.setdefault((row.variable, row.statistic), {})[row.split] = row.value
    body = []
    for (variable, statistic), values in by_key.items():
        known = sorted(values.values())
        cells = [values.get(split) for split in splits] if few else [known[0], median(known), known[-1]]
        drawn = [Cell("" if value is None else decimal(value), value, style="number") for value in cells]
        body.append(Row((Cell(variable.replace("_", " ")), Cell(statistic), *drawn)))
    heads = [split_words(split) for split in splits] if few else ["Smallest", "Median", "Largest"]
    return Table(
        f"shift-{validation.name}",
        "Every difference, judged minus learned from. Total variation: half the summed difference of category shares.",
        (Column("Variable"), Column("Statistic"), *[Column(head, number=True) for head in heads]),
        tuple(body),
        long=len(body) > LONG,
    )
