"""Pictures of cases beside the evidence: what learners saw, and what moved them."""

from typing import Annotated, Literal

from pydantic import Field

from bedside.evidence.figure import Frozen

FOLDER = "artefacts/pictures"
"""Where they lie, below the folder of a run."""


class Picture(Frozen):
    """A picture of one case, of what was predicted or moved a learner in it, or of what moved it in a class of cases.

    Exactly one of `path` and `reason` is set: what may not be shown says why. No picture or text names a patient.

    Attributes:
        kind: "example" for one case that was explained, "mean" for the mean map of all explained cases with one
            outcome, "drawn" for one case with what was predicted in it.
        group: Which cases ("malignant, taken for benign"), or the outcome of a mean map.
        number: Pictures of one case share a number, counted from 1.
        method: Of explanation, or what is drawn, as printed; "" for the case as it is.
        path: Below the folder of the run; its sha256 stands in the provenance.
        caption: What was predicted and what was the case.
        alt: Text alternative.
        width, height: In pixels.
        right: Whether the most probable class was the outcome; None where that means nothing.
    """

    learner: str
    kind: Literal["example", "mean", "drawn"]
    group: str
    number: int
    method: str = ""
    path: Annotated[str, Field(pattern=r"^(artefacts/pictures/[a-z0-9_-]+\.png)?$")] = ""
    caption: str
    alt: str = ""
    width: int = 0
    height: int = 0
    right: bool | None = None
    reason: str = ""
