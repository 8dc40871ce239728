"""Whether what is done to training images parts them from outcomes that lie in them."""

from typing import Any

from bedside.errors import ModelError
from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.mixing import MixUp


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


def refuse_mixed(mixing: Any, *, blended: bool) -> None:  # noqa: ANN401 - whatever a network's batches are mixed by
    """Raise ModelError where pairs of images are mixed whose outcomes cannot be.

    Mixing shares a loss between both outcomes by one number a batch. Of blended images that holds for every pixel; in
    an image that is patched from two, each pixel is of one of them.

    Args:
        mixing: Of training batches; None for nothing.
        blended: Whether the outcome has a class in every pixel, so that blended images have blended outcomes; a box is
            there or not.
    """
    if mixing is None or (blended and isinstance(mixing, MixUp)):
        return
    allowed = (
        "MixUp, which blends every pixel alike, is allowed; or leave mixing out" if blended else "leave mixing out"
    )
    msg = (
        "outcomes lie in their images, and training images were to be mixed in a way that outcomes cannot follow "
        f"({mixing.description}): {allowed}"
    )
    raise ModelError(msg)
