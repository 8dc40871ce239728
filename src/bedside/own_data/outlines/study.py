"""A study from a folder of images and what is drawn in them: masks, or boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bedside.own_data.declaration import LearnersPart
from bedside.own_data.images.parts import PICTURES_SHOWN, found_notes, images_part, subgroup_parts, validation_notes
from bedside.own_data.images.patients import Counts, patient_notes
from bedside.own_data.images.plan import choose_plan
from bedside.own_data.outlines.about import About, named
from bedside.own_data.outlines.boxes import box_files, read_boxes
from bedside.own_data.outlines.build import DrawnStudyType, build_drawn
from bedside.own_data.outlines.checks import check_drawn
from bedside.own_data.outlines.declaration import (
    BoxDeclaration,
    BoxesPart,
    DrawnDeclaration,
    MaskDeclaration,
    MasksPart,
    StructurePart,
)
from bedside.own_data.outlines.drawings import Drawn
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
from bedside.own_data.outlines.structures import named_structures
from bedside.own_data.outlines.toml import moved_drawn, render_drawn
from bedside.own_data.outlines.validations import HOLDOUT, balance_note, balanced, learned_from, validated


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
    asked = named_structures(structures)
    files = mask_files(masks, folder)
    listing = listed(folder, about.labels, masks, files, form=about.form)
    drawings = read_masks(listing, masks, files, asked)
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
        study=about.study(
            folder,
            f"Where in an image {'is' if len(drawings.names) == 1 else 'are'} {named(drawings.names, 'and')}?",
            "a mask",
        ),
        images=images_part(folder, about.labels, listing),
        masks=MasksPart(
            folder=masks.as_posix(),
            structures=structures_found,
            sha256=drawings.sha256,
            tolerance_mm=millimetres,
            tolerance_pixels=pixels,
            balanced=balanced(drawings, first=False),
            horizon=about.horizon or "on the same image",
        ),
        columns=about.columns(listing),
        windows=windows,
        validations=(HOLDOUT,),
        learners=LearnersPart(model=MASK_MODEL, comparators=comparators, primary_comparator=comparators[-1]),
        training=training,
        subgroups=subgroup_parts(listing.table, about.subgroups),
    )
    validations, counts = validated(declared, Drawn(listing, drawings))
    training, training_note = windows_for(learned_from(counts.images, validations), windows.dimensions)
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
        study=about.study(
            folder, f"Where in an image are things of the kind {named(drawings.names, 'or')}?", "an annotation"
        ),
        images=images_part(folder, about.labels, listing),
        boxes=BoxesPart(
            path=boxes.as_posix(),
            kinds=drawings.names,
            sha256=drawings.sha256,
            balanced=balanced(drawings, first=True),
            horizon=about.horizon or "on the same image",
        ),
        columns=about.columns(listing),
        plan=plan,
        validations=(HOLDOUT,),
        learners=LearnersPart(model=BOX_MODEL, comparators=comparators, primary_comparator=comparators[-1]),
        training=training,
        subgroups=subgroup_parts(listing.table, about.subgroups),
    )
    validations, counts = validated(declared, Drawn(listing, drawings))
    training, training_note = looks_for(learned_from(counts.images, validations))
    declared = declared.model_copy(update={"validations": validations, "training": training})
    return _made(declared, Drawn(listing, drawings), counts, (*plan_notes, training_note))


def _made(declared: DrawnDeclaration, drawn: Drawn, counts: Counts, chosen: Sequence[str]) -> DrawnStudy:
    check_drawn(declared, drawn)
    tried = declared.study.trials
    notes = (
        *found_notes(drawn.listing),
        *drawn.drawings.notes,
        *patient_notes(declared.columns.patient, counts, drawn="drawings"),
        *chosen,
        f"settings: {tried} tried for each learner, for a CPU; more with --trials",
        *validation_notes(declared.validations),
        balance_note(declared),
        *drawn.listing.notes,
        PICTURES_SHOWN,
    )
    return DrawnStudy(build_drawn(declared, Path(), drawn=drawn), declared, notes)
