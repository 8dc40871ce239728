"""Whether images fit the study that was declared on them; every misfit is one clear sentence."""

from collections import Counter
from collections.abc import Iterator

from bedside.errors import CohortProblem, OutcomeProblem, StudyError
from bedside.own_data.checks import check_names
from bedside.own_data.images.declaration import Columned, ImageDeclaration
from bedside.own_data.images.listing import Listing, refuse_conflicts
from bedside.own_data.images.outcome import meanings
from bedside.own_data.images.patients import Counts, rows_by_patient


def check_columns(declared: Columned) -> None:
    """Raise StudyError where a column has a role that no image has, or two that exclude each other."""
    columns = declared.columns
    if columns.index_time:
        msg = "studies of images take no index time; leave index_time empty under [columns]"
        raise StudyError(msg)
    if columns.patient and columns.patient == columns.site:
        msg = f"column {columns.patient!r} cannot be both patient and site"
        raise StudyError(msg)


def check_image_roles(declared: ImageDeclaration) -> None:
    """Raise StudyError where a column has two roles that exclude each other."""
    check_columns(declared)
    columns, outcome = declared.columns, declared.outcome
    roles = [("patient", columns.patient), ("site", columns.site), *(("subgroup", name) for name in declared.subgroups)]
    for role, name in roles:
        if name and name in outcome.columns:
            msg = f"column {name!r} cannot be both outcome and {role}"
            raise StudyError(msg)
    if declared.images.column and declared.images.column in outcome.columns:
        msg = f"column {declared.images.column!r} names the images and cannot be the outcome"
        raise StudyError(msg)


def check_listing(declared: ImageDeclaration, listing: Listing) -> Counts:
    """Every check that needs no training.

    Raises:
        TableProblem: A declared column is absent.
        OutcomeProblem: Outcomes are unknown words, all missing, of one class, or contradict each other.
        CohortProblem: Fewer patients than folds.
    """
    names = listing.table.frame.columns
    check_names(names, (("the outcome", name) for name in declared.outcome.columns))
    check_names(names, declared_names(declared))
    outcomes = meanings(declared.outcome, listing.table)
    refuse_conflicts(listing, outcomes)
    rows = rows_by_patient(listing, declared.columns.patient, outcomes, declared.plan.plan)
    of = {patient: [outcomes[row] for row in own] for patient, own in rows.items()}
    _check_outcomes(declared, [outcome for found in of.values() for outcome in found])
    _check_folds(declared, of)
    return Counts.of(of.values())


def declared_names(declared: Columned) -> Iterator[tuple[str, str]]:
    """Columns of the table with a role, each with what it is for."""
    for role, name in declared.columns.model_dump().items():
        if name:
            yield role.replace("_", " "), name
    yield from (("a subgroup", name) for name in declared.subgroups)
    yield from (("a validation", part.column) for part in declared.validations if part.column)


def _check_outcomes(declared: ImageDeclaration, known: list[object]) -> None:
    name = ", ".join(declared.outcome.columns)
    if not known:
        msg = f"no image has both a label ({name!r}) and pixels that can be used; correct the labels or the folder"
        raise OutcomeProblem(msg)
    if len(known) == 1:
        msg = "one image only has a label and can be used; a study needs many, each patient on one side of a split"
        raise CohortProblem(msg)
    if len(set(known)) == 1:
        msg = f"the outcome {name!r} is the same in all {len(known)} images that can be used; nothing can be learned"
        raise OutcomeProblem(msg)


def _check_folds(declared: ImageDeclaration, of: dict[object, list[object]]) -> None:
    if len(of) == 1:
        msg = "all images are of one patient; a study needs many, each patient stands on one side of a split"
        raise CohortProblem(msg)
    for part in declared.validations:
        folds = (part.folds or 5) if part.kind == "cross_validation" else 0
        if len(of) < folds:
            msg = f"{len(of)} patients cannot be divided into {folds} folds; use fewer folds or more patients"
            raise CohortProblem(msg)
        if not folds or declared.outcome.endpoint in ("continuous", "multilabel"):
            continue
        patients = Counter(outcome for found in of.values() for outcome in set(found))
        rarest = min(patients.values())
        if rarest < folds:
            msg = (
                f"the rarest value of the outcome {', '.join(declared.outcome.columns)!r} occurs in {rarest} "
                f"patient(s), fewer than the {folds} folds; use fewer folds, merge classes or find more patients"
            )
            raise CohortProblem(msg)
