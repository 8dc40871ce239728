"""How a reader study of unordered categories was done, in words."""

from bedside.data.category_readings import CategoryTable
from bedside.study.category_model import CategoryModel
from bedside.study.reader_words import label


def methods(
    readings: CategoryTable, model: CategoryModel | None, *, primary: str, replicates: int, crossed: bool
) -> tuple[str, ...]:
    """Paragraphs: readings, statistics, multiplicity."""
    readers, arms = len(readings.readers), len(readings.arms)
    where = f" in {arms} arms ({', '.join(readings.arms)})" if arms > 1 else ""
    who = f"{readers} reader{'s' if readers != 1 else ''}"
    design = f"Readings. {who} read {len(readings.cases)} cases{where} ({readings.words})."
    panel = (
        " The panel is the category that most readers chose; where several tie for the most it has no majority, which "
        "is an outcome of its own and never right (a miss for the true category, no correct rejection for any other)."
        if readers > 1
        else ""
    )
    repeated = readings.clustered or (model is not None and model.folds)
    test = (
        f"a paired bootstrap by patient ({replicates} replicates)"
        if repeated
        else f"McNemar's exact test of accuracy and a paired bootstrap by patient ({replicates} replicates) of means"
    )
    statistics = (
        "Statistics. Intervals have a nominal level of 95%; their method stands beside each value. Sensitivity and "
        "specificity are of each category against all others; they and accuracy have Wilson intervals"
        f"{', by effective sample size where patients gave several cases' if readings.clustered else ''}. Balanced "
        "accuracy and F1 are means over categories, each weighing the same, with bootstrap intervals by patient. "
        f"Paired differences were tested with {test}; single categories were not. These tests hold for these readers. "
        "Agreement is unweighted (Cohen, Fleiss, Gwet's AC1, nominal alpha of Krippendorff)."
    )
    if crossed:
        statistics += (
            " Results for readers like these come from Obuchowski and Rockette's analysis, with Hillis' degrees of "
            "freedom, of accuracy: each reading is right or wrong, covariances are those of these zeros and ones over "
            "cases (over patients where they gave several), readers and cases both being random."
        )
    counted = (
        f"Multiplicity. One contrast in {label(primary)} was primary; all others were adjusted together by Holm's "
        "method."
        if primary
        else "Multiplicity. No contrast was declared primary; all were adjusted together by Holm's method."
    )
    return (design + panel + (f" {model.words}" if model else ""), statistics, counted)
