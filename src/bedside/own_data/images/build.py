"""From a declaration of images to the study it declares."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from bedside.data.cohort import Cohort
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.multilabel.kind import multilabel
from bedside.endpoints.ordinal.kind import ordinal
from bedside.explain.images.explainer import IMAGE_EXPLAINERS
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.own_data.build import validation_of
from bedside.own_data.images.checks import check_image_roles
from bedside.own_data.images.declaration import DICOM_PATIENT, FOLDER, ImageDeclaration, ImageOutcomePart
from bedside.own_data.images.learners import image_learner
from bedside.own_data.images.listing import Listing
from bedside.own_data.images.roles import ImageRoles, OwnImage
from bedside.own_data.images.source import ImageSource
from bedside.study.declare import Study

ImageStudyType = Study[OwnImage, Readable, Any, Any]


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
    names = (declared.learners.model, *declared.learners.comparators)
    model, *comparators = (image_learner(name, endpoint, declared) for name in names)
    return Study(
        name=declared.study.name,
        fingerprint=_fingerprint(declared),
        question=declared.study.question,
        intended_use=declared.study.intended_use,
        source=ImageSource(declared, folder, listing),
        cohort=Cohort(
            eligibility=declared.study.eligibility,
            outcome=_outcome_words(declared.outcome),
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
        explainers=IMAGE_EXPLAINERS,
        show_cases=declared.images.show_cases,
    )


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


def identity_of(patient: str) -> str:
    """How images of one patient are recognised, in words for the report."""
    if patient == DICOM_PATIENT:
        return "images of one patient carry the same DICOM patient identifier"
    if patient:
        return f"images of one patient share the column {patient!r}"
    return "unknown: neither the files nor a column tell whose image it is; each is taken for another patient"


def _either(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _outcome_words(part: ImageOutcomePart) -> str:
    where = "The class folder" if part.columns == (FOLDER,) else f"The column {part.columns[0]!r}"
    if part.endpoint == "binary":
        return f"{where} says {part.positive!r}, as recorded."
    if len(part.columns) > 1:
        return f"The columns {', '.join(map(repr, part.columns))}, as recorded."
    return f"{where}, as recorded."


def _limits(declared: ImageDeclaration) -> tuple[str, ...]:
    found = ["How images are prepared was inferred from the files; nobody has written a card for these data."]
    if not declared.columns.patient:
        found.append(
            "Whose images they are is not known: where a patient has several, they may stand on both sides of a split, "
            "and the results are too good."
        )
    size = " x ".join(map(str, declared.plan.size))
    found.append(f"Images were reduced to {size} pixels; what is finer than that cannot be seen.")
    if not declared.outcome.horizon:
        found.append("The moment at which the outcome is judged was not stated.")
    return tuple(found)


def _fingerprint(declared: ImageDeclaration) -> str:
    """Hash of the declaration, wherever images and labels lie and whatever the seed."""
    plain = declared.model_dump_json(exclude={"images": {"folder", "labels"}, "study": {"seed"}})
    return sha256(plain.encode()).hexdigest()
