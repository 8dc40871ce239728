"""What a reader study found, and how it was done, in words."""

from collections.abc import Sequence

from bedside.data.category_readings import CategoryTable
from bedside.data.readings import ReadingTable
from bedside.evidence.readers import JudgedContrast
from bedside.evidence.schema import Agreement
from bedside.study.model_readings import ModelReadings

LABELS = {"auroc": "AUROC", "f1": "F1", "balanced_accuracy": "balanced accuracy", "f1_macro": "mean F1 of categories"}


def verdict(rows: Sequence[JudgedContrast], agreed: Sequence[Agreement], readings: ReadingTable | CategoryTable) -> str:
    """The first sentence of the page: the primary contrast, else the most general one that could be estimated."""
    primary = [row for row in rows if row.primary]
    if primary and primary[0].difference is None:
        row = primary[0]
        return f"The primary contrast, {_pair(row)} in {label(row.measure)}, cannot be estimated: {row.reason}."
    known = primary or [row for row in rows if row.difference is not None]
    if known:
        return " ".join(_sentence(row) for row in _leading(known, alone=bool(primary)))
    together = next((row for row in agreed if row.measure == "fleiss_kappa" and row.value is not None), None)
    count = f"{len(readings.readers)} reader{'s' if len(readings.readers) != 1 else ''}"
    if together is None or together.low is None or together.high is None:
        return f"{count} read {len(readings.cases)} cases; nothing was compared."
    return (
        f"{count} read {len(readings.cases)} cases and agreed with Fleiss' kappa {together.value:.2f} (95% interval "
        f"{together.low:.2f} to {together.high:.2f}); nothing else was compared."
    )


def _leading(rows: Sequence[JudgedContrast], *, alone: bool) -> list[JudgedContrast]:
    """The first contrast; where it is about sensitivity, its specificity too, since neither may stand alone."""
    first = rows[0]
    if alone or first.measure != "sensitivity":
        return [first]
    who = (first.first, first.second, first.arm)
    return [first] + [r for r in rows[1:] if r.measure == "specificity" and (r.first, r.second, r.arm) == who]


def label(measure: str) -> str:
    """A measure in words."""
    return LABELS.get(measure, measure)


def _pair(row: JudgedContrast) -> str:
    return f"{row.first} minus {row.second}"


def _sentence(row: JudgedContrast) -> str:
    if row.difference is None or row.low is None or row.high is None or row.p is None:
        return f"{label(row.measure)} of {row.first} and {row.second} cannot be compared: {row.reason}."
    adjusted = "" if row.primary or row.p_adjusted is None else f", adjusted {_p(row.p_adjusted)}"
    numbers = (
        f"{row.difference:+.3f}, 95% interval {row.low:+.3f} to {row.high:+.3f}, p {_p(row.p)}{adjusted}, for "
        f"{row.holds_for}"
    )
    verb = "was higher" if row.low > 0 else "was lower" if row.high < 0 else "did not differ demonstrably"
    decided = verb != "did not differ demonstrably"
    if decided and not row.primary and row.p_adjusted is not None and row.p_adjusted >= 0.05:
        verb += ", not so after adjustment for all tests,"
    joint = "than" if decided else "from"
    last = "" if decided else " That is no proof of equality."
    name = label(row.measure)
    what = f"{name[:1].upper()}{name[1:]}"
    return f"{what} of {row.first} {verb} {joint} that of {row.second} ({numbers}).{last}".replace("  ", " ")


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def methods(
    readings: ReadingTable, model: ModelReadings | None, *, primary: str, replicates: int, crossed: bool
) -> tuple[str, ...]:
    """Paragraphs: readings, statistics, multiplicity."""
    cases, readers, arms = len(readings.cases), len(readings.readers), len(readings.arms)
    where = f" in {arms} arms ({', '.join(readings.arms)})" if arms > 1 else ""
    who = f"{readers} reader{'s' if readers != 1 else ''}"
    design = f"Readings. {who} read {cases} cases{where} ({readings.scale.words})."
    several = (
        "; where patients gave several cases, all in their clustered forms (effective sample size, Obuchowski; "
        "clustered McNemar, separately in cases with and without the condition)"
        if readings.clustered
        else ""
    )
    statistics = (
        "Statistics. Intervals have a nominal level of 95%; their method stands beside each value. Proportions have "
        "Wilson intervals, F1 Wilson's interval of the share of true positives among cases positive or called so, "
        "AUROC DeLong's. Paired differences were tested with McNemar's test (mid-p) and DeLong's, of F1 with a "
        f"bootstrap by patient ({replicates} replicates){several}. These tests hold for these readers."
    )
    if crossed:
        statistics += (
            " Results for readers like these come from Obuchowski and Rockette's analysis with Hillis' degrees of "
            "freedom, readers and cases both being random."
        )
    counted = (
        f"Multiplicity. One contrast in {label(primary)} was primary; all others were adjusted together "
        "by Holm's method."
        if primary
        else "Multiplicity. No contrast was declared primary; all were adjusted together by Holm's method."
    )
    return (design + (f" {model.words}" if model else ""), statistics, counted)
