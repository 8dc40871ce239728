"""From a declaration of images with masks or boxes to the study it declares."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bedside.endpoints.boxes.kind import boxes
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.kind import mask
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.own_data.assembly import assembled, cohort_of, fingerprint_of
from bedside.own_data.images.build import IMAGE_PLACES, image_limits
from bedside.own_data.images.patients import identity_of
from bedside.own_data.images.roles import ImageRoles, OwnImage
from bedside.own_data.outlines.checks import check_drawn_roles
from bedside.own_data.outlines.declaration import DrawnDeclaration, MaskDeclaration
from bedside.own_data.outlines.drawings import Drawn
from bedside.own_data.outlines.learners import drawn_learner
from bedside.own_data.outlines.source import DrawnSource
from bedside.study.declare import Study

DrawnStudyType = Study[OwnImage, Readable, Any, Any]


def build_drawn(declared: DrawnDeclaration, folder: Path, *, drawn: Drawn | None = None) -> DrawnStudyType:
    """The study of a declaration whose paths start from `folder`.

    Args:
        declared: What study.toml says.
        folder: Where the toml lies.
        drawn: Images and outcomes, where they were read already.

    Raises:
        StudyError: Parts of the declaration contradict each other.
    """
    check_drawn_roles(declared)
    endpoint = drawn_endpoint(declared)
    made: DrawnStudyType = assembled(
        declared,
        fingerprint=fingerprint_of(declared, {**IMAGE_PLACES, "masks": {"folder"}, "boxes": {"path"}}),
        source=DrawnSource(declared, folder, drawn),
        cohort=cohort_of(declared, _words(declared), declared.outcome.horizon, ImageRoles(declared).draw),
        modality=imaging(),
        endpoint=endpoint,
        learner=lambda name: drawn_learner(name, endpoint, declared),
        identity=identity_of(declared.columns.patient),
        limits=_limits(declared),
    )
    return replace(made, show_cases=declared.images.show_cases)


def drawn_endpoint(declared: DrawnDeclaration) -> Endpoint[Any, Any]:
    """The endpoint of masks or of boxes; raises StudyError where its names or numbers cannot be."""
    made: Endpoint[Any, Any]
    if isinstance(declared, MaskDeclaration):
        part = declared.masks
        made = mask(declared.names, tolerance_mm=part.tolerance_mm, tolerance_pixels=part.tolerance_pixels)
    else:
        made = boxes(
            declared.names,
            iou=declared.boxes.iou,
            false_positives=declared.boxes.false_positives,
            dimensions=len(declared.plan.size),
        )
    return made if declared.outcome.balanced else replace(made, stratum=_alike)


def _alike(outcome: object) -> int:
    """One stratum for all outcomes."""
    del outcome
    return 0


def _words(declared: DrawnDeclaration) -> str:
    names = ", ".join(declared.names)
    if isinstance(declared, MaskDeclaration):
        return f"Outlines of {names}, as drawn in the masks."
    return f"Boxes around {names}, as annotated."


def _limits(declared: DrawnDeclaration) -> tuple[str, ...]:
    found = [
        *image_limits(declared.columns.patient),
        "Who drew the reference, and how far two people would agree, was not stated.",
    ]
    if not isinstance(declared, MaskDeclaration):
        size = " x ".join(map(str, declared.plan.size))
        found.append(f"Images were reduced to {size} pixels; what is finer than that cannot be found.")
    return tuple(found)
