"""Fairness: how far measures differ between groups of patients, and which gaps are shown to be small."""

from collections.abc import Iterable, Sequence

from bedside.evidence.count import WITHHELD
from bedside.evidence.schema import Gap, JointTest, Measure
from bedside.report import forest
from bedside.report.number import count, decimal, interval, p_value, plural
from bedside.report.number import shown as shown_count
from bedside.report.results import Results
from bedside.report.table import Cell, Column, Footnotes, Row, Table, estimate

LONG = 24
ALPHA = 0.05
MOST_LANES = 36
"""With more rows than this only the primary measure is drawn."""
LONG_WORD = 4
"""Groups with shorter words ("yes", "1") are drawn with their attribute."""
MOST_ROWS = 1500
"""A longer table of all gaps is left to evidence.json."""
ODDS = ("sensitivity", "specificity")
"""Equal in all groups: equalised odds (Hardt, Price and Srebro 2016, NeurIPS 29)."""
FIRST = (*ODDS, "brier", "net_benefit")


def shown(results: Results) -> list[str]:
    """The model and the comparator of the primary contrast."""
    other = results.evidence.study.primary_comparator or next(iter(results.evidence.study.comparators), "")
    return [name for name in (results.model, other) if results.learner(name) is not None]


def gaps(results: Results, learner: str, measure: str) -> list[Gap]:
    """Gaps of one learner in one measure, in the primary validation."""
    name = results.validation.name
    return [
        gap for gap in results.evidence.gaps if (gap.validation, gap.learner, gap.measure) == (name, learner, measure)
    ]


def key_measures(results: Results) -> list[Measure]:
    """The primary measure, equalised odds, overall calibration and net benefit, as far as there are gaps in them."""
    there = {gap.measure for gap in results.evidence.gaps}
    names = dict.fromkeys((results.measure.name, *FIRST))
    found = [results.measure_of(name) for name in names if name in there]
    if len(found) > 1:
        return found
    return [measure for measure in results.evidence.measures if measure.name in there][:4]


def small_groups(results: Results) -> dict[str, int | str]:
    """Declared groups with fewer patients than the study's minimum, or withheld ones, with their patients."""
    found: dict[str, int | str] = {}
    for group in results.groups(results.validation):
        row = results.row(results.model, results.measure.name, group)
        if row is None or row.value is not None:
            continue
        if isinstance(row.patients, str) or row.patients < results.evidence.study.minimum_group:
            found[group] = row.patients
    return found


def named(group: str) -> str:
    """`age_band=65+` as printed."""
    key, _, word = group.partition("=")
    return f"{key.replace('_', ' ')}: {word}" if word else key


def words(results: Results) -> str:
    """What the gaps of the model show, in a few sentences; "" where there are none."""
    found = [gap for measure in key_measures(results) for gap in gaps(results, results.model, measure.name)]
    if not found:
        return ""
    widest = [_widest(results, name) for name in dict.fromkeys((results.measure.name, *ODDS))]
    said = []
    if any(widest):
        said.append(f"Widest gaps of {results.label(results.model)}: {'; '.join(text for text in widest if text)}.")
    clear = sum(gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0) for gap in found)
    real = sum(gap.p_adjusted is not None and gap.p_adjusted < 1 - gap.level for gap in found)
    equal = sum(gap.equivalent is True for gap in found)
    few = sum(gap.equivalent is None for gap in found)
    said.append(
        f"Of {plural(len(found), 'gap')} in the measures tabled first, the interval of {clear} excludes no gap "
        f"({real} after Holm adjustment); shown to lie within the margin of {decimal(found[0].margin)}: {equal}; "
        f"too few events to say: {few}."
    )
    return " ".join(text for text in (*said, joint_words(results), too_small(results)) if text)


def joint_words(results: Results) -> str:
    """What the joint tests of the model say, as a sentence; "" where there are none."""
    rows = [row for row in joint_rows(results) if row.learner == results.model]
    if not rows:
        return ""
    unequal, open_, untested = [], [], []
    for row in rows:
        text = f"{row.name} by {row.attribute.replace('_', ' ')}"
        if row.p_adjusted is None:
            untested.append(text)
        elif row.p_adjusted < ALPHA:
            unequal.append(f"{text} (p {p_value(row.p_adjusted)})")
        else:
            open_.append(f"{text} (p {p_value(row.p_adjusted)})")
    parts = (
        ("not equal in all groups", unequal),
        ("no difference between groups shown, which is not equality", open_),
        ("not testable", untested),
    )
    said = "; ".join(f"{meaning}: {', '.join(texts)}" for meaning, texts in parts if texts)
    return f"All groups together, {results.label(results.model)}: {said}."


def joint_rows(results: Results) -> list[JointTest]:
    """Joint tests of the primary validation."""
    return [row for row in results.evidence.joint_tests if row.validation == results.validation.name]


def joint(results: Results) -> Table | None:
    """Tests that measures are equal in all groups of an attribute together."""
    rows = joint_rows(results)
    if not rows:
        return None
    notes, body = Footnotes(), []
    for row in rows:
        tested = ", ".join(results.measure_of(name).label for name in row.measures)
        left = f"left out: {', '.join(row.left_out)}" if row.left_out else ""
        if row.p is None:
            why = notes.letter(f"Not estimable: {row.reason}")
            found = Cell("not estimable", note=why, tip=row.reason, style="number absent")
        else:
            found = Cell(p_value(row.p_adjusted), row.p_adjusted, note=notes.letter(row.method), style="number")
        body.append(
            Row(
                (
                    Cell(results.label(row.learner)),
                    Cell(row.attribute.replace("_", " "), small=left),
                    Cell(row.name, small="" if tested == row.name else tested),
                    Cell(count(len(row.groups)), len(row.groups), style="number"),
                    found,
                )
            )
        )
    return Table(
        "joint-tests",
        "Tests that measures are equal in all groups at once; p is Holm-adjusted over all tests of a learner. A large "
        "p is not equality.",
        (
            Column("Learner"),
            Column("Groups by"),
            Column("Equal in all groups"),
            Column("Groups", number=True),
            Column("p", number=True),
        ),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )


def _widest(results: Results, measure: str) -> str:
    """The widest gap of the model in one measure."""
    known = [gap for gap in gaps(results, results.model, measure) if gap.difference is not None]
    if not known:
        return ""
    gap = max(known, key=lambda each: abs(each.difference or 0.0))
    text = interval(gap.difference or 0.0, gap.low, gap.high)
    return f"{results.measure_of(measure).label} {text}, {_pair(gap)}"


def too_small(results: Results) -> str:
    """Which groups are too small to compare, as a sentence."""
    found = small_groups(results)
    small = [f"{named(group)} (n = {count(cases)})" for group, cases in found.items() if cases != WITHHELD]
    hidden = [named(group) for group, cases in found.items() if cases == WITHHELD]
    least = max(results.evidence.study.minimum_group, results.evidence.study.smallest_cell)
    said = [f"Too small to compare, with fewer than {least} patients: {'; '.join(small)}."] if small else []
    if hidden:
        said.append(f"Withheld, since a smaller group could be worked out from them: {'; '.join(hidden)}.")
    return " ".join(said)


def figure(results: Results) -> forest.Forest | None:
    """Gaps of the model in the primary measure and, on the same scale, in sensitivity and specificity."""
    measures = [measure for measure in key_measures(results) if measure.name in (results.measure.name, *ODDS)]
    measures = [measure for measure in measures if measure.name == results.measure.name or _share(measure)]
    if not _share(results.measure):
        measures = [measure for measure in measures if measure.name == results.measure.name]
    by_measure = [(measure, gaps(results, results.model, measure.name)) for measure in measures]
    if sum(len(found) for _, found in by_measure) > MOST_LANES:
        by_measure = by_measure[:1]
    if not any(gap.difference is not None for _, found in by_measure for gap in found):
        return None
    rows = [row for measure, found in by_measure for row in _lanes(results, measure, found)]
    rows += [
        forest.Row(named(group), f"n = {count(cases)}", (_nothing(results, "too few cases"),))
        for group, cases in small_groups(results).items()
    ]
    margin = next(gap.margin for _, found in by_measure for gap in found)
    better = {measure.higher_is_better for measure, _ in by_measure}
    sides = ("worse for the group", "better for the group") if len(better) == 1 else ("", "")
    return forest.build(
        "gaps",
        f"Gaps between groups, {results.label(results.model)}",
        f"Difference, smaller group minus larger; shaded: margin of {decimal(margin)}",
        rows,
        conclusion="A gap that is not significant is not equivalence: only an interval inside the shaded margin is.",
        reference=0.0,
        margin=margin,
        sides=sides[::-1] if better == {False} else sides,
    )


def _share(measure: Measure) -> bool:
    return measure.bounds == (0.0, 1.0)


def _nothing(results: Results, reason: str) -> forest.Mark:
    return forest.Mark(results.look(results.model), "gap", None, None, None, reason)


def _lanes(results: Results, measure: Measure, found: Sequence[Gap]) -> Iterable[forest.Row]:
    yield forest.Row(measure.label, "", (), heading=True)
    look = results.look(results.model)
    families: dict[str, set[str]] = {}
    for gap in found:
        families.setdefault(gap.group, set()).add(gap.attribute)
    for gap in found:
        mark = forest.Mark(look, "gap", gap.difference, gap.low, gap.high, gap.reason)
        alone = len(gap.group) >= LONG_WORD and len(families[gap.group]) == 1
        label = gap.group if alone else f"{gap.attribute.replace('_', ' ')}: {gap.group}"
        yield forest.Row(label, f"minus {gap.reference}", (mark,))


def _pair(gap: Gap) -> str:
    return f"{gap.attribute.replace('_', ' ')}: {gap.group} minus {gap.reference}"


def table(results: Results) -> Table | None:
    """Gaps of the model and the primary comparator in the key measures."""
    names = [measure.name for measure in key_measures(results)]
    return _table(
        results, "gaps-table", names, shown(results), "Gaps between groups, the smaller group minus the larger."
    )


def every(results: Results) -> Table | None:
    """All gaps of all learners."""
    names = list(dict.fromkeys(gap.measure for gap in results.evidence.gaps))
    made = _table(results, "gaps-all", names, [each.name for each in results.learners], "Every gap of every learner.")
    return None if made is None or len(made.rows) > MOST_ROWS else made


def _table(results: Results, name: str, measures: Sequence[str], learners: Sequence[str], caption: str) -> Table | None:
    notes, body = Footnotes(), []
    for measure in measures:
        by_learner = [{_pair(gap): gap for gap in gaps(results, learner, measure)} for learner in learners]
        for pair in dict.fromkeys(pair for found in by_learner for pair in found):
            cells = [_cell(found.get(pair), notes) for found in by_learner]
            body.append(Row((Cell(results.measure_of(measure).label, tip=measure), Cell(pair), *cells)))
    if not body:
        return None
    margin = decimal(results.evidence.gaps[0].margin)
    return Table(
        name,
        f"{caption} Below each gap: p, Holm-adjusted over all gaps, and whether two one-sided tests put the gap within "
        f"{margin}, declared before the run. “Equivalence not shown” says neither equal nor unequal.",
        (
            Column("Measure"),
            Column("Groups"),
            *[Column(results.label(each), number=True, colour=results.look(each).colour) for each in learners],
        ),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )


def _cell(gap: Gap | None, notes: Footnotes) -> Cell:
    if gap is None:
        return Cell("", style="empty")
    if gap.difference is None:
        why = notes.letter(f"Not estimable: {gap.reason}")
        return Cell("not estimable", note=why, tip=gap.reason, style="number absent")
    equal = "too few events" if gap.equivalent is None else "equivalent" if gap.equivalent else "equivalence not shown"
    p = p_value(gap.p_adjusted)
    clear = gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)
    return Cell(
        interval(gap.difference, gap.low, gap.high),
        sort=gap.difference,
        note=notes.letter(gap.method) + notes.letter(gap.reason if gap.equivalent is None else ""),
        tip=gap.method,
        small=f"p {p}; {equal}" if p else equal,
        style="number sure" if clear else "number",
    )


def calibration(results: Results) -> Table | None:
    """Measures with an ideal value (calibration slope, intercept) of the model by group, which have no direction."""
    measures = [measure for measure in results.evidence.measures if measure.target is not None]
    groups = results.groups(results.validation)
    if not results.evidence.gaps or not measures or not groups:
        return None
    notes, body = Footnotes(), []
    for group in ("all", *groups):
        rows = [results.row(results.model, measure.name, group) for measure in measures]
        first = next((row for row in rows if row is not None), None)
        if first is not None:
            size = Cell(count(first.cases), shown_count(first.cases), style="number")
            words = "All" if group == "all" else named(group)
            body.append(Row((Cell(words[:1].upper() + words[1:]), size, *[estimate(row, notes) for row in rows])))
    return Table(
        "calibration-by-group",
        f"Calibration of {results.label(results.model)} by group: equal risks should mean the same in every group.",
        (
            Column("Group"),
            Column("Cases", number=True),
            *[Column(each.label, small=f"ideal {each.target:g}", number=True) for each in measures],
        ),
        tuple(body),
        notes=notes.all(),
        long=len(body) > LONG,
    )
