"""From a declaration of images to the study it declares."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.multilabel.kind import multilabel
from bedside.endpoints.ordinal.kind import ordinal
from bedside.explain.images.explainer import IMAGE_EXPLAINERS
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.own_data.assembly import assembled, cohort_of, fingerprint_of
from bedside.own_data.images.checks import check_image_roles
from bedside.own_data.images.declaration import FOLDER, ImageDeclaration, ImageOutcomePart
from bedside.own_data.images.learners import image_learner
from bedside.own_data.images.listing import Listing
from bedside.own_data.images.patients import identity_of
from bedside.own_data.images.roles import ImageRoles, OwnImage
from bedside.own_data.images.source import ImageSource
from bedside.study.declare import Study

ImageStudyType = Study[OwnImage, Readable, Any, Any]

IMAGE_PLACES: Mapping[str, set[str]] = {"images": {"folder", "labels"}}
"""Parts and their names that say where images lie."""


def build_images(declared: ImageDeclaration, folder: Path, *, listing: Listing | None = None) -> ImageStudyType:
    """The study of a declaration whose paths start from `folder`.

    Args:
        declared: What study.toml says.
        folder: Where the toml lies.
        listing: The images, where they were read already.

    Raises:
        StudyError: Parts of the declaration contradict each other.
    """
    check_image_roles(declared)
    endpoint = image_endpoint(declared.outcome)
    made: ImageStudyType = assembled(
        declared,
        fingerprint=fingerprint_of(declared, IMAGE_PLACES),
        source=ImageSource(declared, folder, listing),
        cohort=cohort_of(
            declared, _outcome_words(declared.outcome), declared.outcome.horizon, ImageRoles(declared).draw
        ),
        modality=imaging(),
        endpoint=endpoint,
        learner=lambda name: image_learner(name, endpoint, declared),
        identity=identity_of(declared.columns.patient),
        limits=_limits(declared),
        explainers=IMAGE_EXPLAINERS,
    )
    return replace(made, show_cases=declared.images.show_cases)


def image_endpoint(part: ImageOutcomePart) -> Endpoint[Any, Any]:
    """The endpoint of an outcome."""
    if part.endpoint == "binary":
        return binary(positive=part.positive, negative=_either(part.negative))
    if part.endpoint == "multiclass":
        return multiclass(classes=part.classes)
    if part.endpoint == "ordinal":
        return ordinal(grades=part.classes)
    if part.endpoint == "multilabel":
        return multilabel(labels=part.classes)
    return continuous(unit=part.unit, name=part.columns[0], cuts=part.cuts)


def _either(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _outcome_words(part: ImageOutcomePart) -> str:
    where = "The class folder" if part.columns == (FOLDER,) else f"The column {part.columns[0]!r}"
    if part.endpoint == "binary":
        return f"{where} says {part.positive!r}, as recorded."
    if len(part.columns) > 1:
        return f"The columns {', '.join(map(repr, part.columns))}, as recorded."
    return f"{where}, as recorded."


def image_limits(patient: str) -> list[str]:
    """What holds of all images that nobody has described; `patient` is the column that tells whose they are."""
    found = ["How images are prepared was inferred from the files; nobody has written a card for these data."]
    if not patient:
        found.append(
            "Whose images they are is not known: where a patient has several, they may stand on both sides of a split, "
            "and the results are too good."
        )
    return found


def _limits(declared: ImageDeclaration) -> tuple[str, ...]:
    found = image_limits(declared.columns.patient)
    size = " x ".join(map(str, declared.plan.size))
    found.append(f"Images were reduced to {size} pixels; what is finer than that cannot be seen.")
    if not declared.outcome.horizon:
        found.append("The moment at which the outcome is judged was not stated.")
    return tuple(found)
