"""Whether images and what is drawn in them fit the study that was declared; every misfit is one clear sentence."""

from collections.abc import Mapping

from bedside.errors import CohortProblem, OutcomeProblem, StudyError
from bedside.own_data.checks import check_names
from bedside.own_data.images.checks import check_columns, declared_names
from bedside.own_data.images.listing import refuse_conflicts
from bedside.own_data.images.patients import Counts, rows_by_patient
from bedside.own_data.outlines.declaration import DrawnDeclaration, MaskDeclaration
from bedside.own_data.outlines.drawings import Drawn

_FEWEST = 4
"""Patients of a holdout: one each for development, selection, calibration and test."""


def check_drawn_roles(declared: DrawnDeclaration) -> None:
    """Raise StudyError where parts exclude each other."""
    check_columns(declared)
    if isinstance(declared, MaskDeclaration):
        numbers = [one.number for one in declared.masks.structures]
        if len(set(numbers)) < len(numbers):
            msg = f"structures have the numbers {numbers}; each needs a number of its own"
            raise StudyError(msg)
    elif len(declared.plan.size) != 2:
        msg = f"boxes are found in flat images; the size under [plan] has {len(declared.plan.size)} numbers: give two"
        raise StudyError(msg)


def check_drawn(declared: DrawnDeclaration, drawn: Drawn) -> Counts:
    """Every check that needs no training.

    Raises:
        TableProblem: A declared column is absent.
        OutcomeProblem: Nothing is drawn in images that can be used, or one image is drawn in two ways.
        CohortProblem: Fewer patients than folds, or than folds in whose images something is drawn.
    """
    listing, drawings, fits = drawn.listing, drawn.drawings, declared.fits
    check_names(listing.table.frame.columns, declared_names(declared))
    refuse_conflicts(listing, [digest or None for digest in drawings.digests])
    of = rows_by_patient(listing, declared.columns.patient, drawings.outcomes, fits)
    if not of:
        what = "mask" if isinstance(declared, MaskDeclaration) else "annotation"
        words = next((facts.misfit(fits) for facts in listing.usable if facts.misfit(fits)), "")
        why = f" (the first that cannot: {words})" if words else ""
        msg = f"no image has both a {what} and pixels that can be used{why}; correct the folders"
        raise OutcomeProblem(msg)
    _check_patients(declared, drawn, of)
    return Counts.of([drawings.there[row] for row in rows] for rows in of.values())


def _check_patients(declared: DrawnDeclaration, drawn: Drawn, of: Mapping[object, list[int]]) -> None:
    """Raise CohortProblem where there are too few patients, or too few in whose images a thing is drawn."""
    if len(of) == 1:
        msg = "all images that can be used are of one patient; a study needs many, each on one side of a split"
        raise CohortProblem(msg)
    there = [{place for row in rows for place in drawn.drawings.there[row]} for rows in of.values()]
    counts = [sum(place in one for one in there) for place in range(len(drawn.drawings.names))]
    rarest = min(range(len(counts)), key=counts.__getitem__)
    for part in declared.validations:
        folds = (part.folds or 5) if part.kind == "cross_validation" else _FEWEST
        if len(of) < folds:
            words = f"divided into {folds} folds" if part.kind == "cross_validation" else "parted into who is judged"
            msg = f"{len(of)} patients cannot be {words}; use fewer folds or more patients"
            raise CohortProblem(msg)
        if counts[rarest] < folds:
            msg = (
                f"{drawn.drawings.names[rarest]!r} is drawn in images of {counts[rarest]} patient(s), fewer than the "
                f"{folds} that a {part.kind.replace('_', ' ')} needs; leave it out or find more patients"
            )
            raise CohortProblem(msg)
