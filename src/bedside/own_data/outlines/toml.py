"""study.toml of images with masks or boxes as text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bedside.own_data.images.toml import moved_part
from bedside.own_data.outlines.declaration import BoxDeclaration, DrawnDeclaration, MaskDeclaration
from bedside.own_data.text import relative, written

_HEADER = (
    "A study over images of your own and what is drawn in them. Edit it and run it again: bedside run study.toml",
    "The same file, images, drawings and seed give the same evidence.",
)
_COMMENTS = {
    "study": "What is asked, and what holds for all learners.",
    "images": "Folder and table of the images, from this file's folder. Changed images are refused by their sha256. "
    "show_cases = false keeps pictures of patients out of the report.",
    "masks": "One file an image. Borders within tolerance_mm, or tolerance_pixels, count as the same.",
    "boxes": "A folder of PASCAL VOC files or one COCO file. kinds: the rarest first. Boxes that overlap by iou "
    "are the same.",
    "columns": "Columns of the table with another role; empty where there is none.",
    "windows": "How images are made alike and seen. window = [centre, width]; scale is development or image; flips are "
    "left-right, up-down, front-back. Empty leaves a step out, or to the development images.",
    "plan": "How images are made alike. window = [centre, width]; scale is development or image; flips are "
    "left-right, up-down. Empty leaves a step out.",
    "validations": "The first is primary. Kinds: cross_validation, holdout, leave_site_out, predefined, "
    "learning_curve.",
    "learners": "Model or comparators, from simple to complex. Masks: otsu, frangi and chan_vese (one structure), "
    "atlas, pixel_forest, u_net. Boxes: templates, blobs, detector.",
    "training": "Of the network: passes over the images, images or windows a step, windows of an image a pass.",
    "subgroups": "Every measure is broken down by these columns; numbers are parted at `cuts`.",
}


def render_drawn(declared: DrawnDeclaration, notes: Sequence[str] = ()) -> str:
    """A commented study.toml."""
    return written(declared, _HEADER, _COMMENTS, notes)


def moved_drawn(declared: DrawnDeclaration, origin: Path, folder: Path) -> DrawnDeclaration:
    """The same declaration with its paths as seen from another folder."""
    images = moved_part(declared.images, origin, folder)
    where = relative(origin / declared.where, folder)
    if isinstance(declared, MaskDeclaration):
        masks = declared.masks.model_copy(update={"folder": where})
        return declared.model_copy(update={"images": images, "masks": masks})
    boxes = declared.boxes.model_copy(update={"path": where})
    return declared.model_copy(update={"images": images, "boxes": boxes})


def kind_of_declaration(content: dict[str, Any]) -> type[DrawnDeclaration] | None:
    """Of masks or of boxes, by the parts that a study.toml has; None for neither."""
    if "masks" in content:
        return MaskDeclaration
    return BoxDeclaration if "boxes" in content else None
