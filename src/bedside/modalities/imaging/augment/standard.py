"""The augmentation that a study of images has unless it declares another."""

from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.colour import ColourJitter
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.intensity import Intensity
from bedside.modalities.imaging.plan import ImagePlan


def standard(plan: ImagePlan, flips: tuple[int, ...] = (), *, scale: float = 0.1) -> Augmentations:
    """Small turns, scalings, shifts and changes of intensity, of colour too where there is colour.

    Args:
        plan: Of the images.
        flips: Spatial axes along which anatomy may be mirrored; none unless the study says so.
        scale: At most so much larger or smaller; 0 where size is what is to be told.
    """
    place = Geometric(flips=flips, rotate=10.0, scale=scale, shift=0.06, spacing=plan.spacing)
    values = Intensity(brightness=0.15, contrast=0.15)
    if plan.channels == 3:
        return Augmentations((place, values, ColourJitter(hue=8.0, saturation=0.15, cast=0.05)))
    return Augmentations((place, values))
