"""study.toml: a study over one's own table or images as a text that can be read, edited and run again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from bedside.own_data.build import build
from bedside.own_data.declaration import Declaration
from bedside.own_data.images.build import build_images
from bedside.own_data.images.declaration import ImageDeclaration
from bedside.own_data.images.toml import moved_images, render_images
from bedside.own_data.outlines.build import build_drawn
from bedside.own_data.outlines.declaration import BoxDeclaration, DrawnDeclaration, MaskDeclaration
from bedside.own_data.outlines.toml import kind_of_declaration, moved_drawn, render_drawn
from bedside.own_data.text import checked, content_of, read_toml, relative, written
from bedside.study.declare import Study

AnyDeclaration: TypeAlias = Declaration | ImageDeclaration | DrawnDeclaration

_HEADER = (
    "A study over a table of your own. Edit it and run it again: bedside run study.toml",
    "The same file, table and seed give the same evidence.",
)
_COMMENTS = {
    "study": "What is asked, and what holds for all learners.",
    "table": "The file, from this file's folder. A changed file is refused by its sha256.",
    "outcome": "Rows whose outcome is empty or one of `missing` are excluded and counted.",
    "follow_up": "How long each case was watched and what ended it: the cause of interest first, the others compete. "
    "Risks are judged at `horizon` and `horizons`, curves until `until`.",
    "columns": "Columns with another role; empty where there is none.",
    "validations": "The first is primary. Kinds: cross_validation, holdout, leave_site_out, temporal, predefined, "
    "learning_curve.",
    "learners": "Comparators from simple to complex: elastic_net, random_forest, boosting; of times to events "
    "marginal, cox, weibull, survival_boosting, and survival_forest with bedside[survival].",
    "subgroups": "Every measure is broken down by these columns; numbers are parted at `cuts`.",
    "predictors": "kind is number or category; `missing` lists values that mean not known.",
    "set_aside": "Columns that are not used, and why. To use one, move it to [predictors.NAME].",
}


def load(path: Path) -> Study[Any, Any, Any, Any]:
    """The study that a study.toml declares.

    Raises:
        FileProblem: The file is missing or no text.
        StudyError: It is not TOML, has unknown keys or wrong values, or contradicts itself.
    """
    declared = declaration(path)
    if isinstance(declared, MaskDeclaration | BoxDeclaration):
        return build_drawn(declared, path.parent)
    if isinstance(declared, ImageDeclaration):
        return build_images(declared, path.parent)
    return build(declared, path.parent)


def declaration(path: Path) -> AnyDeclaration:
    """What a study.toml says, of images where it has the part [images]; raises as `load` does."""
    content = content_of(path)
    drawn = kind_of_declaration(content)
    if drawn is not None:
        return checked(drawn, content, str(path))
    if "images" in content:
        return checked(ImageDeclaration, content, str(path))
    return checked(Declaration, content, str(path))


def parse(text: str, called: str = "study.toml") -> Declaration:
    """What the text of a study.toml of a table says; raises StudyError."""
    return checked(Declaration, read_toml(text, called), called)


def moved(declared: AnyDeclaration, origin: Path, folder: Path) -> str:
    """The text of a study.toml in `folder`, of a declaration whose paths start from `origin`."""
    if isinstance(declared, MaskDeclaration | BoxDeclaration):
        return render_drawn(moved_drawn(declared, origin, folder))
    if isinstance(declared, ImageDeclaration):
        return render_images(moved_images(declared, origin, folder))
    table = declared.table.model_copy(update={"path": relative(origin / declared.table.path, folder)})
    return render(declared.model_copy(update={"table": table}))


def render(declared: Declaration, notes: Sequence[str] = ()) -> str:
    """A commented study.toml of a table; `parse` gives back the same declaration."""
    return written(declared, _HEADER, _COMMENTS, notes, nested=("subgroups", "predictors"))
