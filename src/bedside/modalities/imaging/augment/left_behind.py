"""Whether augmentation moves images away from outcomes that lie in them."""

from typing import Any

from bedside.errors import ModelError
from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.geometric import Geometric


def refuse_left_behind(augment: Any, follow: str) -> None:  # noqa: ANN401 - whatever a network is augmented with
    """Raise ModelError for a change of place that targets do not follow.

    Args:
        augment: Of training batches; None for nothing.
        follow: What lets them follow, as it is written.
    """
    parts = augment.parts if isinstance(augment, Augmentations) else (augment,)
    if any(isinstance(part, Geometric) and part.follow is None for part in parts):
        msg = (
            "outcomes lie in their images, and the augmentation moves images without them; declare what follows, as in "
            f"Geometric(..., follow={follow}), or leave changes of place out"
        )
        raise ModelError(msg)
