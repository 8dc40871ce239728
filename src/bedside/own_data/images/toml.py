"""study.toml of images as text."""

from collections.abc import Sequence
from pathlib import Path

from bedside.own_data.images.declaration import ImageDeclaration, ImagesPart
from bedside.own_data.text import relative, written

_HEADER = (
    "A study over images of your own. Edit it and run it again: bedside run study.toml",
    "The same file, images, labels and seed give the same evidence.",
)
_COMMENTS = {
    "study": "What is asked, and what holds for all learners.",
    "images": "Folder and table of labels, from this file's folder. Changed images are refused by their sha256. "
    "show_cases = false keeps pictures of patients out of the report.",
    "outcome": "endpoint is binary, multiclass, ordinal (classes lowest first), continuous or multilabel.",
    "columns": "Columns of the table of labels with another role; empty where there is none.",
    "plan": "How images are made alike. window = [centre, width]; scale is development or image; flips are "
    "left-right, up-down, front-back. Empty leaves a step out.",
    "validations": "The first is primary. Kinds: cross_validation, holdout, leave_site_out, predefined, "
    "learning_curve.",
    "learners": "Model or comparators, from simple to complex: support_vectors, texture_boosting, image_network.",
    "training": "Of the network: passes over the images, and images a step. More passes take longer and may be better.",
    "subgroups": "Every measure is broken down by these columns; numbers are parted at `cuts`.",
}


def render_images(declared: ImageDeclaration, notes: Sequence[str] = ()) -> str:
    """A commented study.toml of images."""
    return written(declared, _HEADER, _COMMENTS, notes)


def moved_images(declared: ImageDeclaration, origin: Path, folder: Path) -> ImageDeclaration:
    """The same declaration with its paths as seen from another folder."""
    return declared.model_copy(update={"images": moved_part(declared.images, origin, folder)})


def moved_part(part: ImagesPart, origin: Path, folder: Path) -> ImagesPart:
    """The same images and table, their paths no longer from `origin` but from another folder."""
    update = {"folder": relative(origin / part.folder, folder)}
    if part.labels:
        update["labels"] = relative(origin / part.labels, folder)
    return part.model_copy(update=update)
