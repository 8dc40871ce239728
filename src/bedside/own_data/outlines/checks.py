"""Whether images and what is drawn in them fit the study that was declared; every misfit is one clear sentence."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bedside.errors import CohortProblem, OutcomeProblem, StudyError
from bedside.modalities.tabular.column import Column, Schema
from bedside.own_data.checks import check_names
from bedside.own_data.images.checks import Counts
from bedside.own_data.images.listing import refuse_conflicts
from bedside.own_data.outlines.declaration import DrawnDeclaration, MaskDeclaration
from bedside.own_data.outlines.drawings import Drawn

_FEWEST = 4
"""Patients of a holdout: one each for development, selection, calibration and test."""


def check_drawn_roles(declared: DrawnDeclaration) -> None:
    """Raise StudyError where parts exclude each other."""
    columns = declared.columns
    if columns.index_time:
        msg = "studies of images take no index time; leave index_time empty under [columns]"
        raise StudyError(msg)
    if columns.patient and columns.patient == columns.site:
        msg = f"column {columns.patient!r} cannot be both patient and site"
        raise StudyError(msg)
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
    check_names(listing.table.frame.columns, _declared_names(declared))
    refuse_conflicts(listing, [digest or None for digest in drawings.digests])
    patient = declared.columns.patient
    named: Sequence[object] = (
        listing.table.restricted(Schema((Column(patient, "category"),))).cells(patient)
        if patient
        else range(len(drawings.outcomes))
    )
    of: dict[object, list[int]] = defaultdict(list)
    for row, outcome in enumerate(drawings.outcomes):
        facts = listing.facts(row)
        if facts is None or listing.reasons[row] or outcome is None or named[row] is None or facts.misfit(fits):
            continue
        of[named[row]].append(row)
    known = [row for rows in of.values() for row in rows]
    if not known:
        what = "mask" if isinstance(declared, MaskDeclaration) else "annotation"
        words = next((facts.misfit(fits) for facts in listing.usable if facts.misfit(fits)), "")
        why = f" (the first that cannot: {words})" if words else ""
        msg = f"no image has both a {what} and pixels that can be used{why}; correct the folders"
        raise OutcomeProblem(msg)
    _check_patients(declared, drawn, of)
    repeated = [rows for rows in of.values() if len(rows) > 1]
    differing = sum(len({drawings.there[row] for row in rows}) > 1 for rows in repeated)
    return Counts(len(known), len(of), len(repeated), differing)


def _check_patients(declared: DrawnDeclaration, drawn: Drawn, of: dict[object, list[int]]) -> None:
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


def _declared_names(declared: DrawnDeclaration) -> Iterator[tuple[str, str]]:
    for role, name in declared.columns.model_dump().items():
        if name:
            yield role.replace("_", " "), name
    yield from (("a subgroup", name) for name in declared.subgroups)
    yield from (("a validation", part.column) for part in declared.validations if part.column)
