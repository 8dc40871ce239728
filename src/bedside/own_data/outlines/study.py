"""A study from a folder of images and what is drawn in them: masks, or boxes."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bedside.errors import StudyError
from bedside.modalities.tabular.inference import infer_column
from bedside.modalities.tabular.reading import Format
from bedside.own_data.checks import check_names
from bedside.own_data.declaration import ColumnsPart, LearnersPart, StudyPart, SubgroupPart, ValidationPart
from bedside.own_data.images.checks import Counts
from bedside.own_data.images.declaration import Flip, ImagesPart
from bedside.own_data.images.listing import Listing
from bedside.own_data.images.plan import choose_plan
from bedside.own_data.images.study import found_notes, patient_column, patient_notes, study_name, validation_notes
from bedside.own_data.outlines.boxes import box_files, read_boxes
from bedside.own_data.outlines.build import DrawnStudyType, build_drawn
from bedside.own_data.outlines.checks import check_drawn, check_drawn_roles
from bedside.own_data.outlines.declaration import (
    BoxDeclaration,
    BoxesPart,
    DrawnDeclaration,
    MaskDeclaration,
    MasksPart,
    StructurePart,
)
from bedside.own_data.outlines.drawings import Drawings, Drawn
from bedside.own_data.outlines.learners import (
    BOX_MODEL,
    MASK_MODEL,
    box_comparators,
    looks_for,
    mask_comparators,
    windows_for,
)
from bedside.own_data.outlines.masks import mask_files, read_masks
from bedside.own_data.outlines.plan import LONGEST, choose_windows, tolerance_of
from bedside.own_data.outlines.source import listed
from bedside.own_data.outlines.toml import moved_drawn, render_drawn
from bedside.own_data.subgroups import subgroup_of

MANY = 120
"""Patients from which a holdout leaves enough to judge; fewer are cross-validated."""

_FOLDS, _INNER = 5, 2
_ENOUGH = 10
"""Images of a stratum from which each of the folds, and those within them, can hold some."""
_SHARE = {"cross_validation": (1 - 1 / _FOLDS) * (1 - 1 / _INNER), "holdout": 0.6}
"""Of the images, that one fit learns from."""
_INTENDED = "Not stated: say who would use the answer, for whom, and at which moment."


@dataclass(frozen=True)
class DrawnStudy:
    """A study made from images and what is drawn in them.

    Attributes:
        study: Ready to run.
        declaration: All that was inferred and chosen.
        notes: What a person should read before training.
    """

    study: DrawnStudyType
    declaration: DrawnDeclaration
    notes: tuple[str, ...]

    @property
    def seed(self) -> int:
        """The seed that study.toml names."""
        return self.declaration.study.seed

    def toml_for(self, folder: Path) -> str:
        """The study as an editable study.toml in `folder`, which names images and drawings from there."""
        return render_drawn(moved_drawn(self.declaration, Path(), folder), self.notes)


@dataclass(frozen=True)
class About:
    """What a person knows about images beside what is drawn in them.

    Attributes:
        labels: CSV or Parquet, one row an image; None where there is none.
        patient: Its column that tells whose image it is; found by its name, or from DICOM, when None.
        site: Column of the hospital or machine; adds leave-site-out.
        subgroups: Columns by which every measure is broken down; numbers are banded.
        flips: Directions in which training images may be mirrored.
        spacing: Millimetres between pixels, or one number for all axes.
        orientation: Where the axes of volumes point ("RAS").
        horizon: When it is judged what there is, in words.
        trials: Settings tried for each learner.
        seed: The seed that study.toml names.
        name: Name of the study; made from the folder's when empty.
        form: Encoding and separator of the table, when they should not be found out.
    """

    labels: Path | None = None
    patient: str | None = None
    site: str | None = None
    subgroups: tuple[str, ...] = ()
    flips: tuple[Flip, ...] = ()
    spacing: tuple[float, ...] = ()
    orientation: str = ""
    horizon: str = ""
    trials: int = 1
    seed: int = 0
    name: str = ""
    form: Format | None = field(default=None)


def study_from_masks(
    folder: Path | str, masks: Path | str, *, structures: Sequence[str] = (), about: About | None = None
) -> DrawnStudy:
    """A study of outlines; structures, preparation and validations are inferred and told.

    Args:
        folder: The images.
        masks: One file an image, named as it is.
        structures: Their names, in the order of the numbers 1, 2 ..., or each with its number ("5=spleen").
        about: What is known beside.

    Raises:
        DataError: Images, masks or their number do not allow a study.
        StudyError: Columns have roles that exclude each other, or a plan does not fit together.
    """
    folder, masks, about = Path(folder), Path(masks), about or About()
    named = named_structures(structures)
    files = mask_files(masks, folder)
    listing = listed(folder, about.labels, masks, files, form=about.form)
    drawings = read_masks(listing, masks, files, named)
    windows, plan_notes = choose_windows(
        listing.usable, spacing=about.spacing, orientation=about.orientation, flips=about.flips
    )
    alike = [facts for facts in listing.usable if not facts.misfit(windows.smallest)] or listing.usable
    millimetres, pixels, tolerance_note = tolerance_of(alike)
    structures_found = tuple(
        StructurePart(number=number, name=name) for number, name in zip(drawings.numbers, drawings.names, strict=True)
    )
    comparators = mask_comparators(len(structures_found), windows.dimensions)
    training, training_note = windows_for(len(alike), windows.dimensions)
    declared = MaskDeclaration(
        format=1,
        study=_study(about, folder, f"Where in an image {_are(drawings.names)}?", "a mask"),
        images=_images(folder, listing, about),
        masks=MasksPart(
            folder=masks.as_posix(),
            structures=structures_found,
            sha256=drawings.sha256,
            tolerance_mm=millimetres,
            tolerance_pixels=pixels,
            balanced=_balanced(drawings, first=False),
            horizon=about.horizon or "on the same image",
        ),
        columns=_columns(listing, about),
        windows=windows,
        validations=(_HOLDOUT,),
        learners=LearnersPart(model=MASK_MODEL, comparators=comparators, primary_comparator=comparators[-1]),
        training=training,
        subgroups=_subgroups(listing, about),
    )
    validations, counts = _validated(declared, Drawn(listing, drawings))
    share = _SHARE[validations[0].kind]
    training, training_note = windows_for(round(counts.images * share), windows.dimensions)
    declared = declared.model_copy(update={"validations": validations, "training": training})
    return _made(declared, Drawn(listing, drawings), counts, (*plan_notes, tolerance_note, training_note))


def study_from_boxes(
    folder: Path | str, boxes: Path | str, *, size: Sequence[int] = (), about: About | None = None
) -> DrawnStudy:
    """A study of boxes around things; kinds, preparation and validations are inferred and told.

    Args:
        folder: The images.
        boxes: A folder of PASCAL VOC files named as the images are, or one COCO file.
        size: Pixels along each axis of what the network sees, or one number for all axes.
        about: What is known beside.

    Raises:
        DataError: Images, boxes or their number do not allow a study.
        StudyError: Columns have roles that exclude each other, or a plan does not fit together.
    """
    folder, boxes, about = Path(folder), Path(boxes), about or About()
    files = box_files(boxes, folder)
    listing = listed(folder, about.labels, boxes, files, form=about.form)
    drawings = read_boxes(listing, boxes, files)
    plan, plan_notes = choose_plan(
        listing.usable,
        size=size,
        spacing=about.spacing,
        orientation=about.orientation,
        flips=about.flips,
        longest=LONGEST,
    )
    comparators = box_comparators()
    training, training_note = looks_for(len(listing.usable))
    declared = BoxDeclaration(
        format=1,
        study=_study(
            about, folder, f"Where in an image are things of the kind {_words(drawings.names, 'or')}?", "an annotation"
        ),
        images=_images(folder, listing, about),
        boxes=BoxesPart(
            path=boxes.as_posix(),
            kinds=drawings.names,
            sha256=drawings.sha256,
            balanced=_balanced(drawings, first=True),
            horizon=about.horizon or "on the same image",
        ),
        columns=_columns(listing, about),
        plan=plan,
        validations=(_HOLDOUT,),
        learners=LearnersPart(model=BOX_MODEL, comparators=comparators, primary_comparator=comparators[-1]),
        training=training,
        subgroups=_subgroups(listing, about),
    )
    validations, counts = _validated(declared, Drawn(listing, drawings))
    training, training_note = looks_for(round(counts.images * _SHARE[validations[0].kind]))
    declared = declared.model_copy(update={"validations": validations, "training": training})
    return _made(declared, Drawn(listing, drawings), counts, (*plan_notes, training_note))


def named_structures(given: Sequence[str]) -> tuple[StructurePart, ...]:
    """Structures as a person names them, "liver" or "2=liver"; raises StudyError where numbers are mixed or wrong.

    Example:
        >>> [(one.number, one.name) for one in named_structures(["anterior", "posterior"])]
        [(1, 'anterior'), (2, 'posterior')]
    """
    numbered = [one.partition("=") for one in given if "=" in one]
    if not numbered:
        return tuple(StructurePart(number=place + 1, name=name) for place, name in enumerate(given))
    fine = all(number.strip().isdecimal() and int(number) > 0 and name.strip() for number, _, name in numbered)
    if len(numbered) < len(given) or not fine:
        msg = (
            f"structures were given as {', '.join(given)}; give names alone (anterior,posterior), or all with the "
            "number that they have in the masks (2=liver,5=spleen)"
        )
        raise StudyError(msg)
    return tuple(StructurePart(number=int(number), name=name.strip()) for number, _, name in numbered)


_HOLDOUT = ValidationPart(kind="holdout", development=0.6, tuning=0.2, test=0.2)


def _study(about: About, folder: Path, question: str, drawn: str) -> StudyPart:
    return StudyPart(
        name=about.name or study_name(_name(folder), about.labels),
        question=question,
        intended_use=_INTENDED,
        eligibility=f"Every image of {_name(folder).name or 'the folder'} that can be read and has {drawn}.",
        trials=about.trials,
        seed=about.seed,
    )


def _words(names: Sequence[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _are(names: Sequence[str]) -> str:
    return f"{'is' if len(names) == 1 else 'are'} {_words(names, 'and')}"


def _name(folder: Path) -> Path:
    """The folder that tells what images are of: not one that says images and nothing more."""
    whole = folder.resolve()
    return (
        whole.parent
        if re.fullmatch(r"(?i)images?(_?tr|_?ts)?|imgs?|scans|pictures|data|train(ing)?", whole.name)
        else whole
    )


def _balanced(drawings: Drawings, *, first: bool) -> bool:
    """Whether every combination of structures, or every first kind, is drawn often enough for each fold."""
    known = [there for there, outcome in zip(drawings.there, drawings.outcomes, strict=True) if outcome is not None]
    strata = Counter((min(there, default=-1) if first else tuple(sorted(there))) for there in known)
    return min(strata.values()) >= _ENOUGH


def _balance_note(declared: DrawnDeclaration) -> str:
    if declared.outcome.balanced:
        return "splits: balanced by what is drawn"
    return f"splits: not balanced by what is drawn, as some of it is in fewer than {_ENOUGH} images"


def _images(folder: Path, listing: Listing, about: About) -> ImagesPart:
    return ImagesPart(
        folder=folder.as_posix(),
        labels=about.labels.as_posix() if about.labels else "",
        column=listing.column,
        count=len(listing.files.paths),
        sha256=listing.sha256,
        encoding=listing.form.encoding,
        separator=listing.form.separator,
        decimal=listing.form.decimal,
    )


def _columns(listing: Listing, about: About) -> ColumnsPart:
    asked = [*(("a subgroup", one) for one in about.subgroups)]
    asked += [(role, one) for role, one in (("the patient", about.patient), ("the site", about.site)) if one]
    check_names(listing.table.frame.columns, iter(asked))
    found = about.patient or patient_column(listing.table, (listing.column,))
    return ColumnsPart(patient=found, site=about.site or "")


def _subgroups(listing: Listing, about: About) -> dict[str, SubgroupPart]:
    frame = listing.table.frame
    return {name: subgroup_of(listing.table, infer_column(frame.get_column(name))) for name in about.subgroups}


def _validated(declared: DrawnDeclaration, drawn: Drawn) -> tuple[tuple[ValidationPart, ...], Counts]:
    """Few patients are cross-validated, of many some are held out; and who will be studied."""
    check_drawn_roles(declared)
    counts = check_drawn(declared, drawn)
    first = (
        ValidationPart(kind="cross_validation", folds=_FOLDS, repeats=1, inner=_INNER)
        if counts.patients < MANY
        else _HOLDOUT
    )
    site = bool(declared.columns.site)
    return ((first, ValidationPart(kind="leave_site_out", inner=_INNER)) if site else (first,)), counts


def _made(declared: DrawnDeclaration, drawn: Drawn, counts: Counts, chosen: Sequence[str]) -> DrawnStudy:
    check_drawn(declared, drawn)
    drawings: Drawings = drawn.drawings
    tried = declared.study.trials
    notes = (
        *found_notes(drawn.listing),
        *drawings.notes,
        *patient_notes(declared.columns.patient, counts, drawn="drawings"),
        *chosen,
        f"settings: {tried} tried for each learner, for a CPU; more with --trials",
        *validation_notes(declared.validations),
        _balance_note(declared),
        *drawn.listing.notes,
        (
            "The report will show pictures of judged cases, with whatever is written into them; show_cases = false in "
            "study.toml leaves them out."
        ),
    )
    return DrawnStudy(build_drawn(declared, Path(), drawn=drawn), declared, notes)
