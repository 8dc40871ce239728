"""How few or many images with drawings are parted into those that learn and those that are judged."""

from collections import Counter

from bedside.own_data.declaration import ValidationPart
from bedside.own_data.images.patients import Counts
from bedside.own_data.outlines.checks import check_drawn, check_drawn_roles
from bedside.own_data.outlines.declaration import DrawnDeclaration
from bedside.own_data.outlines.drawings import Drawings, Drawn

MANY = 120
"""Patients from which a holdout leaves enough to judge; fewer are cross-validated."""

_FOLDS, _INNER = 5, 2
_ENOUGH = 10
"""Images of a stratum from which each of the folds, and those within them, can hold some."""
_SHARE = {"cross_validation": (1 - 1 / _FOLDS) * (1 - 1 / _INNER), "holdout": 0.6}
"""Of the images, that one fit learns from."""

HOLDOUT = ValidationPart(kind="holdout", development=0.6, tuning=0.2, test=0.2)
"""One that always can be drawn, until it is known how many patients there are."""


def validated(declared: DrawnDeclaration, drawn: Drawn) -> tuple[tuple[ValidationPart, ...], Counts]:
    """Few patients are cross-validated, of many some are held out; and who will be studied."""
    check_drawn_roles(declared)
    counts = check_drawn(declared, drawn)
    first = (
        ValidationPart(kind="cross_validation", folds=_FOLDS, repeats=1, inner=_INNER)
        if counts.patients < MANY
        else HOLDOUT
    )
    site = bool(declared.columns.site)
    return ((first, ValidationPart(kind="leave_site_out", inner=_INNER)) if site else (first,)), counts


def learned_from(images: int, validations: tuple[ValidationPart, ...]) -> int:
    """Of so many images, those that one fit of the primary validation learns from."""
    return round(images * _SHARE[validations[0].kind])


def balanced(drawings: Drawings, *, first: bool) -> bool:
    """Whether every combination of structures, or every first kind, is drawn often enough for each fold."""
    known = [there for there, outcome in zip(drawings.there, drawings.outcomes, strict=True) if outcome is not None]
    strata = Counter((min(there, default=-1) if first else tuple(sorted(there))) for there in known)
    return min(strata.values()) >= _ENOUGH


def balance_note(declared: DrawnDeclaration) -> str:
    """Whether splits are balanced, and why not."""
    if declared.outcome.balanced:
        return "splits: balanced by what is drawn"
    return f"splits: not balanced by what is drawn, as some of it is in fewer than {_ENOUGH} images"
