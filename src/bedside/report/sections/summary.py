"""The first screen: the verdict, the primary measure of every learner, the primary contrast, the counts."""

from collections import Counter
from dataclasses import dataclass

from bedside.evidence.schema import Comparison, Measure, Validation
from bedside.report import forest
from bedside.report.number import count, decimal, interval, level, p_value, share, together
from bedside.report.results import Results


@dataclass(frozen=True, slots=True)
class Fact:
    """A number with its name."""

    number: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands on the first screen."""

    key: forest.Forest
    contrast: forest.Forest | None
    contrast_text: str
    facts: tuple[Fact, ...]
    setting: str


def summary(results: Results) -> Summary:
    """The first screen of the report."""
    contrast = results.contrast
    drawn = contrast is not None and contrast.difference is not None
    return Summary(
        key=measures(results, results.measure, results.validation, "key-measure"),
        contrast=_contrast_forest(results, contrast) if contrast is not None and drawn else None,
        contrast_text="" if contrast is None else contrast_words(results, contrast, named=not drawn),
        facts=tuple(_facts(results)),
        setting=setting(results.validation),
    )


NBSP = "\N{NO-BREAK SPACE}"
WORDS = {"cross_validation": "cross-validation", "leave_site_out": "leave-one-site-out"}


def validation_words(name: str) -> str:
    """The name of a validation as printed."""
    return WORDS.get(name, name.replace("_", " "))


def setting(validation: Validation) -> str:
    """Where the judged rows of a validation come from, in a few words."""
    where = "out-of-fold predictions" if validation.partition == "out_of_fold" else "test partition"
    return f"{validation_words(validation.name)}, {where}"


def measures(
    results: Results, measure: Measure, validation: Validation, name: str, group: str = "all"
) -> forest.Forest:
    """One measure of every learner as intervals."""
    rows = []
    for learner in results.learners:
        row = results.row(learner.name, measure.name, group, validation)
        if row is None:
            continue
        mark = forest.Mark(results.look(learner.name), learner.label, row.value, row.low, row.high, row.reason)
        role = "model on trial" if learner.role == "model" else ""
        rows.append(forest.Row(learner.label, role, (mark,), strong=learner.role == "model"))
    width = level(next((row.level for row in results.evidence.performance), 0.95))
    return forest.build(
        name,
        f"{measure.label} by learner",
        f"{measure.label}, {width} interval",
        rows,
        bounds=measure.bounds,
    )


def sides(measure: Measure, left: str, right: str) -> tuple[str, str]:
    """Which learner a negative and a positive difference favours; no words where neither direction is better."""
    if measure.higher_is_better is None:
        return "", ""
    better = (left, right) if measure.higher_is_better else (right, left)
    return f"favours {better[0]}", f"favours {better[1]}"


def contrast_words(results: Results, row: Comparison, *, named: bool = True) -> str:
    """A contrast as a sentence; without the learners where they stand beside it."""
    measure = results.measure_of(row.measure).label
    names = f"{results.label(row.learner)} minus {results.label(row.comparator)}" if named else "difference"
    if row.difference is None:
        return f"{measure}, {names}: not estimable ({row.reason})."
    p = p_value(row.p)
    test = "" if not p else f"; p{NBSP}{p if p[0] in '<>' else f'={NBSP}{p}'}"
    return f"{measure}, {names}: {interval(row.difference, row.low, row.high)}{test} ({row.method})."


def _contrast_forest(results: Results, row: Comparison) -> forest.Forest:
    measure = results.measure_of(row.measure)
    mark = forest.Mark(results.look(row.learner), "difference", row.difference, row.low, row.high)
    margin = results.evidence.study.margin if row.measure == results.measure.name else 0.0
    return forest.build(
        "key-contrast",
        "Primary contrast",
        f"Difference in {measure.label}" + (f"; shaded: margin of {decimal(margin)}" if margin else ""),
        (forest.Row(f"{results.label(row.learner)} minus {results.label(row.comparator)}", "", (mark,), strong=True),),
        reference=0.0,
        margin=margin,
        sides=sides(measure, "comparator", "model"),
    )


def withheld_words(results: Results) -> str:
    """What stands for counts that may not be shown, as a sentence; "" where all are shown."""
    smallest = results.evidence.study.smallest_cell
    if smallest < 2:
        return ""
    return (
        f" “<{smallest}” stands for 1 to {smallest - 1} patients; “withheld” for a count from which one of these could "
        "be worked out."
    )


def outcomes(results: Results, validation: Validation) -> Counter[str]:
    """Judged cases by outcome word; each case once even where a validation is repeated, none that are withheld."""
    total: Counter[str] = Counter()
    withheld: set[str] = set()
    repeats = max(1, len({name.split(" fold")[0] for name in validation.splits if "repeat" in name}))
    for partition in results.evidence.partitions:
        if partition.validation == validation.name and partition.partition == "test":
            known = {word: round(n) for word, n in partition.outcome.items() if not isinstance(n, str)}
            withheld |= partition.outcome.keys() - known.keys()
            total.update(known)
    return Counter({word: round(number / repeats) for word, number in total.items() if word not in withheld})


def judged_cases(results: Results, validation: Validation) -> int:
    """Judged cases, each once even where a validation is repeated; 0 where a size is withheld."""
    repeats = max(1, len({name.split(" fold")[0] for name in validation.splits if "repeat" in name}))
    sizes = [
        partition.cases
        for partition in results.evidence.partitions
        if partition.validation == validation.name and partition.partition == "test"
    ]
    known = [size for size in sizes if not isinstance(size, str)]
    return round(sum(known) / repeats) if len(known) == len(sizes) else 0


def _facts(results: Results) -> list[Fact]:
    study = results.evidence.study
    row = results.row(results.model, results.measure.name)
    facts = []
    if row is not None:
        what = "cases judged" if row.cases == row.patients else "predictions judged"
        facts.append(Fact(count(row.cases), what, f"of {count(row.patients)} patients"))
    if study.classes:
        found = outcomes(results, results.validation)
        whole = judged_cases(results, results.validation) or sum(found.values())
        words = [word for word in study.classes if word in found] or list(found)
        if len(words) < len(study.classes):
            facts.append(Fact("withheld", "cases by outcome", "an outcome has too few to be shown"))
        elif words and whole:
            rarest = min(words, key=lambda word: found[word]) if len(words) == 2 else words[0]
            rest = [word for word in (*words, study.unanswered) if word in found and word != rarest]
            others = ", ".join(f"{word} {count(found[word])}" for word in rest)
            # Of whom some answers are not known no share is told: it would count these as if they were.
            known = study.unanswered not in found
            facts.append(Fact(share(found[rarest], whole) if known else count(found[rarest]), rarest, others))
    excluded = together([step.records for step in results.evidence.flow if step.kind == "excluded"])
    facts.append(Fact(count(excluded), "records excluded", "each with its reason" if excluded else ""))
    away = [step.records for step in results.evidence.flow if step.kind == "censored"]
    if away:
        facts.append(Fact(count(together(away)), "records censored", "known outcomes are weighed for them"))
    trials = "1 tuning trial each" if study.trials == 1 else f"{study.trials} tuning trials each"
    facts.append(Fact(str(len(results.learners)), "learners", trials))
    return facts
