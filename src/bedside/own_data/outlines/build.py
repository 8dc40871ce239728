"""From a declaration of images with masks or boxes to the study it declares."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from bedside.data.cohort import Cohort
from bedside.endpoints.boxes.kind import boxes
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.kind import mask
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.own_data.build import validation_of
from bedside.own_data.images.build import identity_of
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
    names = (declared.learners.model, *declared.learners.comparators)
    model, *comparators = (drawn_learner(name, endpoint, declared) for name in names)
    return Study(
        name=declared.study.name,
        fingerprint=_fingerprint(declared),
        question=declared.study.question,
        intended_use=declared.study.intended_use,
        source=DrawnSource(declared, folder, drawn),
        cohort=Cohort(
            eligibility=declared.study.eligibility,
            outcome=_words(declared),
            horizon=declared.outcome.horizon or "not stated",
            draw=ImageRoles(declared).draw,
        ),
        modality=imaging(),
        endpoint=endpoint,
        model=model,
        comparators=tuple(comparators),
        validations=tuple(validation_of(part, declared.columns) for part in declared.validations),
        subgroups=tuple(declared.subgroups),
        primary_measure=declared.study.primary_measure,
        primary_comparator=declared.learners.primary_comparator,
        margin=declared.study.margin,
        group_margin=declared.study.group_margin,
        minimum_group=declared.study.minimum_group,
        smallest_cell=declared.study.smallest_cell,
        trials=declared.study.trials,
        bootstrap=declared.study.bootstrap,
        identity=identity_of(declared.columns.patient),
        limits=_limits(declared),
        title=declared.study.name.replace("_", " ").capitalize(),
        show_cases=declared.images.show_cases,
    )


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
    found = ["How images are prepared was inferred from the files; nobody has written a card for these data."]
    if not declared.columns.patient:
        found.append(
            "Whose images they are is not known: where a patient has several, they may stand on both sides of a split, "
            "and the results are too good."
        )
    found.append("Who drew the reference, and how far two people would agree, was not stated.")
    if not isinstance(declared, MaskDeclaration):
        size = " x ".join(map(str, declared.plan.size))
        found.append(f"Images were reduced to {size} pixels; what is finer than that cannot be found.")
    return tuple(found)


def _fingerprint(declared: DrawnDeclaration) -> str:
    """Hash of the declaration, wherever images, masks or boxes lie and whatever the seed."""
    places = {"images": {"folder", "labels"}, "study": {"seed"}, "masks": {"folder"}, "boxes": {"path"}}
    plain = declared.model_dump_json(exclude={name: part for name, part in places.items() if hasattr(declared, name)})
    return sha256(plain.encode()).hexdigest()
