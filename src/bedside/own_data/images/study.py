"""A study from a folder of images, and a table of labels where folders are not the classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedside.data.tuning_plan import SMALL
from bedside.errors import StudyError, TableProblem
from bedside.modalities.tabular.reading import Format
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.checks import check_names
from bedside.own_data.declaration import ColumnsPart, LearnersPart, StudyPart, ValidationPart
from bedside.own_data.images.build import ImageStudyType, build_images
from bedside.own_data.images.checks import check_image_roles, check_listing
from bedside.own_data.images.declaration import (
    DICOM_PATIENT,
    FOLDER,
    Flip,
    ImageDeclaration,
    ImageEndpoint,
    ImageOutcomePart,
)
from bedside.own_data.images.learners import COMPARATORS, MODEL, training_for
from bedside.own_data.images.listing import list_images
from bedside.own_data.images.outcome import image_outcome
from bedside.own_data.images.parts import (
    PICTURES_SHOWN,
    check_asked,
    found_notes,
    images_part,
    study_name,
    subgroup_parts,
    validation_notes,
)
from bedside.own_data.images.patients import Counts, patient_column, patient_notes
from bedside.own_data.images.plan import choose_plan
from bedside.own_data.images.toml import moved_images, render_images

_LABEL = ("label", "labels", "class", "diagnosis", "outcome", "target", "grade")
"""Names of columns, after `plain_name`, that hold the outcome where none was named."""


@dataclass(frozen=True)
class ImageStudy:
    """A study made from images.

    Attributes:
        study: Ready to run.
        declaration: All that was inferred and chosen.
        folder: The images.
        labels: The table of labels; None where sub-folders are the classes.
        notes: What a person should read before training.
    """

    study: ImageStudyType
    declaration: ImageDeclaration
    folder: Path
    labels: Path | None
    notes: tuple[str, ...]

    @property
    def seed(self) -> int:
        """The seed that study.toml names."""
        return self.declaration.study.seed

    def toml_for(self, folder: Path) -> str:
        """The study as an editable study.toml in `folder`, which names images and labels from there."""
        return render_images(moved_images(self.declaration, Path(), folder), self.notes)


def study_from_images(  # noqa: PLR0913 - one parameter for each thing a person may know about images
    folder: Path | str,
    *,
    labels: Path | str | None = None,
    outcome: Sequence[str] = (),
    patient: str | None = None,
    site: str | None = None,
    subgroups: Sequence[str] = (),
    horizon: str = "",
    positive: str | None = None,
    endpoint: ImageEndpoint | None = None,
    grades: Sequence[str] = (),
    size: Sequence[int] = (),
    spacing: Sequence[float] = (),
    orientation: str = "",
    flips: Sequence[Flip] = (),
    trials: int = 3,
    seed: int = 0,
    name: str = "",
    question: str = "",
    form: Format | None = None,
) -> ImageStudy:
    """A study of images; endpoint, patients, preparation and validations are inferred and told.

    Args:
        folder: Sub-folders that are the classes, or images that `labels` names.
        labels: CSV or Parquet, one row an image.
        outcome: Its column that is predicted; several where each holds a finding (1, 0 or empty).
        patient: Its column that tells whose image it is; found by its name, or from DICOM, when None.
        site: Column of the hospital or machine; adds leave-site-out.
        subgroups: Columns by which every measure is broken down; numbers are banded.
        horizon: When the outcome is judged, in words.
        positive: Value of the outcome that means the event; all others are its absence.
        endpoint: Kind of outcome, when it should not be inferred.
        grades: Ordered grades, the lowest first.
        size: Pixels along each axis of what the network sees, or one number for all axes.
        spacing: Millimetres between them, or one number for all axes.
        orientation: Where the axes of volumes point ("RAS").
        flips: Directions in which training images may be mirrored.
        trials: Settings tried for each learner.
        seed: The seed that study.toml names.
        name: Name of the study; made from the folder's when empty.
        question: The clinical question; made from the outcome's name when empty.
        form: Encoding and separator of the table, when they should not be found out.

    Raises:
        DataError: Images, labels, outcomes or their number do not allow a study.
        StudyError: Columns have roles that exclude each other, or a plan does not fit together.
    """
    folder, labels = Path(folder), None if labels is None else Path(labels)
    listing = list_images(folder, labels, form=form)
    table = listing.table
    outcome = _outcome_columns(table, outcome, labels, listing.column)
    check_names(table.frame.columns, (("the outcome", one) for one in outcome))
    check_asked(table, patient=patient, site=site, subgroups=subgroups)
    part, outcome_notes = image_outcome(
        table, outcome, endpoint=endpoint, positive=positive, grades=grades, horizon=horizon
    )
    plan, plan_notes = choose_plan(listing.usable, size=size, spacing=spacing, orientation=orientation, flips=flips)
    training, training_note = training_for(len(listing.usable))
    columns = ColumnsPart(patient=patient or patient_column(table, (*outcome, listing.column)), site=site or "")
    declared = ImageDeclaration(
        format=1,
        study=StudyPart(
            name=name or study_name(folder, labels),
            question=question or _question(part),
            intended_use="Not stated: say who would use the answer, for whom, and at which moment.",
            eligibility=f"Every image of {folder.resolve().name or 'the folder'} that can be read and has a label.",
            trials=trials,
            seed=seed,
        ),
        images=images_part(folder, labels, listing),
        outcome=part,
        columns=columns,
        plan=plan,
        # One that always can be drawn, until it is known how many patients there are.
        validations=(ValidationPart(kind="holdout", development=0.70, tuning=0.15, test=0.15),),
        learners=LearnersPart(model=MODEL, comparators=COMPARATORS, primary_comparator=COMPARATORS[0]),
        training=training,
        subgroups=subgroup_parts(table, subgroups),
    )
    check_image_roles(declared)
    counts = check_listing(declared, listing)
    declared = declared.model_copy(update={"validations": _validations(counts, site=bool(columns.site))})
    check_listing(declared, listing)
    notes = (
        *found_notes(listing),
        *outcome_notes,
        *patient_notes(columns.patient, counts),
        *plan_notes,
        training_note,
        *validation_notes(declared.validations),
        *listing.notes,
        PICTURES_SHOWN,
    )
    return ImageStudy(build_images(declared, Path(), listing=listing), declared, folder, labels, notes)


def _outcome_columns(table: Table, asked: Sequence[str], labels: Path | None, column: str) -> tuple[str, ...]:
    if labels is None:
        if asked and tuple(asked) != (FOLDER,):
            msg = (
                f"the outcome {', '.join(map(repr, asked))} is a column, and no table of labels was given (--labels "
                "FILE); leave it out where sub-folders are the classes"
            )
            raise StudyError(msg)
        return (FOLDER,)
    if asked:
        return tuple(asked)
    names = [name for name in table.frame.columns if name not in (column, DICOM_PATIENT)]
    found = [name for name in names if plain_name(name) in _LABEL]
    if len(found) == 1:
        return (found[0],)
    if len(names) == 1:
        return (names[0],)
    msg = (
        f"which column of {labels.name} is predicted cannot be told; name it with --outcome: there are "
        f"{', '.join(map(repr, names[:12])) or 'no columns beside the names of the images'}"
    )
    raise TableProblem(msg)


def _question(part: ImageOutcomePart) -> str:
    if part.endpoint == "binary":
        return f"Does an image show {part.positive!r}?"
    if len(part.columns) > 1 or part.endpoint == "multilabel":
        return "Which findings does an image show?"
    what = "class" if part.columns == (FOLDER,) else f"{part.columns[0]!r}"
    return f"Can the {what} of an image be predicted from its pixels?"


def _validations(counts: Counts, *, site: bool) -> tuple[ValidationPart, ...]:
    """Few patients are cross-validated; of many, a holdout leaves enough to judge."""
    first = (
        ValidationPart(kind="cross_validation", folds=5, repeats=1, inner=3)
        if counts.patients < SMALL
        else ValidationPart(kind="holdout", development=0.70, tuning=0.15, test=0.15)
    )
    return (first, ValidationPart(kind="leave_site_out", inner=3)) if site else (first,)
