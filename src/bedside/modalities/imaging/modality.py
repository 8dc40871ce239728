"""How the spine looks at images and volumes."""

from collections.abc import Sequence

from bedside.modalities.imaging.copies import near_copies
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.look import looks
from bedside.modalities.imaging.perturb import perturbations
from bedside.modalities.imaging.picture import picture
from bedside.modalities.imaging.profile import compare_with, profile_of
from bedside.modalities.modality import Modality, Variable


def imaging() -> Modality[Readable]:
    """The imaging modality: an image has no columns, and is told apart by its decoded content and geometry."""
    return Modality(
        name="imaging",
        variables=_no_columns,
        digest=digests,
        profile=profile_of,
        compare=compare_with,
        perturbations=perturbations,
        near_copies=near_copies,
        picture=picture,
    )


def digests(predictors: Sequence[Readable]) -> list[bytes]:
    """16 bytes an image, equal when type, size, values and geometry are equal; the same on every machine.

    Raises:
        FileProblem: A file cannot be used.
    """
    return [look.digest for look in looks(predictors)]


def _no_columns(predictors: Sequence[Readable]) -> tuple[Variable, ...]:
    del predictors
    return ()
