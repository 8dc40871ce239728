"""A reader study of unordered categories judged: against the reference standard, each other, and the model."""

from collections.abc import Sequence

import numpy as np

import bedside
from bedside.data.category_readings import NO_MAJORITY, CategoryTable
from bedside.errors import StudyError, TableProblem
from bedside.evidence import schema
from bedside.evidence.readers import MultiReader, ReaderEvidence, ReaderProvenance
from bedside.study import multi_reader
from bedside.study.category_judges import (
    SUMMARIES,
    Nominal,
    confusion,
    contrasts,
    correct,
    most_votes,
    nominal,
    performance,
)
from bedside.study.category_model import CategoryModel
from bedside.study.category_words import methods
from bedside.study.folder import canonical
from bedside.study.hashes import sha256
from bedside.study.judges import Judge
from bedside.study.reader_agreement import category_agreement
from bedside.study.reader_conduct import (
    BARRED,
    NO_UNAIDED,
    Conduct,
    adjusted,
    check_names,
    design_limits,
    refusal_of,
    unaided_arm,
)
from bedside.study.reader_words import verdict

REPLICATES = 2000
PANEL = "panel"
FEW_CASES = 20
NO_RANKING = (
    "readings are unordered categories, which rank no cases; AUROC needs a grade of certainty for every category"
)


def judge_categories(
    readings: CategoryTable,
    model: CategoryModel | None = None,
    *,
    conduct: Conduct | None = None,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> ReaderEvidence:
    """Judge a reader study whose readings are unordered categories.

    The panel is the category that most readers chose; where several tie for the most it is "no majority", which is an
    outcome of its own and never right. The multi-reader analysis is of accuracy: that of AUROC is refused.

    Args:
        readings: With the reference standard.
        model: Its categories of the same cases; None leaves the model out.
        conduct: What the readings do not tell.
        seed: Of the bootstrap by patient.
        replicates: Of the same.

    Raises:
        TableProblem: The model has no prediction of some case that was read, or one of another category.
        StudyError: The conduct names a reader or measure that is not there.
    """
    conduct = conduct or Conduct()
    _check(readings, conduct)
    shared = nominal(readings.truth, readings.patient, readings.categories, replicates, seed)
    refusal = refusal_of(readings, conduct)
    by_arm = [_readers(readings, arm, conduct) for arm in range(len(readings.arms))]
    judged = [[judge for judge in each if not judge.barred] for each in by_arm]
    unaided = unaided_arm(readings.arms)
    rival = None if model is None else _model(readings, model, "" if unaided is None else readings.arms[unaided])
    panels = [panel for each in judged if (panel := _panel(each, shared)) is not None]
    everyone = [judge for each in by_arm for judge in each] + panels + ([rival] if rival else [])
    right = [[correct(judge, shared) for judge in each] for each in judged]
    analyses, rows = multi_reader.arms(right, shared.setting, refusal, ("accuracy",)) if judged[0] else ([], [])
    analyses = [*analyses, MultiReader(measure="auroc", reason=NO_RANKING)]
    if rival is not None and unaided is not None and judged[0]:
        alone = refusal or ("several models, one a fold, stand for the model" if rival.folds else "")
        rows += multi_reader.against_average(
            correct(rival, shared), right[unaided], shared.setting, alone, ("accuracy",)
        )
        for other in (*[panel for panel in panels if panel.arm == rival.arm], *by_arm[unaided]):
            rows += contrasts(rival, other, shared)
    for one, other in zip(by_arm[0], by_arm[1], strict=True) if len(by_arm) == 2 else ():
        rows += contrasts(one, other, shared)
    rows = adjusted(rows, conduct.primary)
    agreed = _agreement(by_arm, rival, shared)
    counts = np.bincount(readings.truth, minlength=len(readings.categories)).tolist()
    return ReaderEvidence(
        title=conduct.title,
        verdict=verdict(rows, agreed, readings),
        scale=readings.words,
        reference=conduct.reference,
        readers=readings.readers,
        arms=readings.arms,
        model=None if model is None else model.name,
        cases=len(readings.cases),
        patients=int(readings.patient.max()) + 1,
        positives=None,
        crossed=not readings.not_crossed,
        limits=_limits(readings, conduct, model, panels),
        performance=tuple(row for judge in everyone for row in performance(judge, shared)),
        contrasts=tuple(rows),
        agreement=tuple(agreed),
        multi_reader=tuple(analyses),
        category_cases=dict(zip(readings.categories, counts, strict=True)),
        confusion=tuple(confusion(judge, shared) for judge in everyone if not judge.barred),
        methods=methods(readings, model, primary=conduct.primary, replicates=replicates, crossed=not refusal),
        provenance=_provenance(readings, model, seed, replicates),
    )


def _check(readings: CategoryTable, conduct: Conduct) -> None:
    check_names(readings.readers, conduct)
    if conduct.primary == "auroc":
        msg = f"primary measure is 'auroc', but {NO_RANKING}; give one of {', '.join(SUMMARIES)}"
        raise StudyError(msg)
    if conduct.primary and conduct.primary not in SUMMARIES:
        msg = f"primary measure is {conduct.primary!r}; of categories give one of {', '.join(SUMMARIES)}"
        raise StudyError(msg)


def _readers(readings: CategoryTable, arm: int, conduct: Conduct) -> list[Judge]:
    return [
        Judge(
            name=name,
            kind="reader",
            arm=readings.arms[arm],
            score=np.full(row.size, np.nan),
            call=row,
            barred=BARRED if name in conduct.made_reference else "",
        )
        for name, row in zip(readings.readers, readings.values[arm], strict=True)
    ]


def _panel(judges: Sequence[Judge], shared: Nominal) -> Judge | None:
    """The category with the most votes on cases that all of at least two readers read."""
    if len(judges) < 2:
        return None
    choice = most_votes(np.stack([judge.call for judge in judges]), len(shared.categories))
    panel = Judge(PANEL, "panel", judges[0].arm, np.full(choice.size, np.nan), choice)
    return panel if panel.read.any() else None


def _model(readings: CategoryTable, model: CategoryModel, arm: str) -> Judge:
    absent = sum(case not in model.choice for case in readings.cases)
    if absent:
        msg = (
            f"the model has no prediction of {absent} of {len(readings.cases)} cases that were read; give them, or "
            "leave out their readings (are the identifiers written alike?)"
        )
        raise TableProblem(msg)
    number = {name: float(k) for k, name in enumerate((*readings.categories, NO_MAJORITY))}
    strange = sorted({model.choice[case] for case in readings.cases} - set(number))
    if strange:
        msg = (
            f"the model chose {', '.join(map(repr, strange))}, which the readers' categories "
            f"{', '.join(map(repr, readings.categories))} lack; declare all categories, spelled alike (--categories)"
        )
        raise TableProblem(msg)
    choice = np.array([number[model.choice[case]] for case in readings.cases])
    return Judge(model.name, "model", arm, np.full(choice.size, np.nan), choice, folds=model.folds)


def _agreement(by_arm: Sequence[Sequence[Judge]], rival: Judge | None, shared: Nominal) -> list[schema.Agreement]:
    several, rows = len(by_arm) > 1, []
    for each in by_arm:
        arm = each[0].arm
        beside = rival if rival is not None and arm == rival.arm else None
        for row in category_agreement(each, beside, shared.setting, shared.truth, len(shared.categories)):
            second = row.second if row.second in {"reference", "each other"} else f"{row.second} ({arm})"
            named = {"first": f"{row.first} ({arm})", "second": second}
            rows.append(row.model_copy(update=named) if several else row)
    return rows


def _thin(readings: CategoryTable) -> list[str]:
    """Categories with few cases or none, and readers who used one category only."""
    found = []
    for k, name in enumerate(readings.categories):
        cases = int((readings.truth == k).sum())
        if cases == 0:
            found.append(
                f"No case is of {name} by the reference standard: it has no sensitivity, and no mean is taken."
            )
        elif cases < FEW_CASES:
            found.append(f"Only {cases} cases tell of the sensitivity of {name}, which is uncertain.")
        for arm, by_reader in zip(readings.arms, readings.values, strict=True):
            for reader, row in zip(readings.readers, by_reader, strict=True):
                read = row[~np.isnan(row)]
                if read.size and (read == k).all():
                    found.append(f"{reader} ({arm}) put every case into {name}.")
    return found


def _limits(
    readings: CategoryTable, conduct: Conduct, model: CategoryModel | None, panels: Sequence[Judge]
) -> tuple[str, ...]:
    found = design_limits(readings, conduct)
    found += _thin(readings)
    for panel in panels:
        ties = int((panel.call == len(readings.categories)).sum())
        if ties:
            found.append(f"The panel ({panel.arm}) has no majority in {ties} cases, none of which counts as right.")
    if model is not None and unaided_arm(readings.arms) is None:
        found.append(NO_UNAIDED)
    if model is not None:
        found += [*model.notes, *_other_truth(readings, model)]
    return tuple(found)


def _other_truth(readings: CategoryTable, model: CategoryModel) -> list[str]:
    if model.reference is None:
        return []
    truth = model.reference.category
    pairs = zip(readings.cases, readings.truth.tolist(), strict=True)
    apart = sum(truth[case] != readings.categories[k] for case, k in pairs if case in truth)
    return [f"The reference standard differs from the outcome in the model's run in {apart} cases."] if apart else []


def _provenance(readings: CategoryTable, model: CategoryModel | None, seed: int, replicates: int) -> ReaderProvenance:
    laid_out = [
        [readings.arms, readings.readers, readings.cases, readings.categories],
        [None if np.isnan(value) else value for value in readings.values.ravel().tolist()],
        [readings.truth.tolist(), readings.patient.tolist()],
    ]
    said = None if model is None else canonical(sorted(model.choice.items()))
    return ReaderProvenance(
        bedside_version=bedside.__version__,
        seed=seed,
        replicates=replicates,
        readings_hash=sha256(canonical(laid_out).encode()),
        predictions_hash=None if said is None else sha256(said.encode()),
        run_data_hash=None if model is None or model.run is None else model.run[0],
        run_code_hash=None if model is None or model.run is None else model.run[1],
    )
