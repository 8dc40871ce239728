"""An image made smaller before texture is measured in it: features of many megapixels take seconds and say no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bedside.comparators.derived import Derivation
from bedside.comparators.textures import Textures
from bedside.modalities.imaging.image import Geometry, Image, Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.resample import on_grid, oriented, resampled
from bedside.modalities.tabular.table import Record

LONGEST = {2: 128, 3: 48}
"""Most pixels along an axis of images and volumes, where no spacing is declared."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """An image at the spacing of a plan, or at most so large along its longest axis.

    Attributes:
        image: As it lies in its file.
        plan: Of the study.
    """

    image: Readable
    plan: ImagePlan

    def read(self) -> Image:
        """The smaller image; raises FileProblem when its file cannot be used."""
        image = self.image.read()
        if self.plan.orientation:
            image = oriented(image, self.plan.orientation)
        if self.plan.spacing:
            return Image(on_grid(image, self.plan), Geometry(self.plan.spacing))
        factor = max(image.size) / LONGEST[image.dimensions]
        if factor <= 1.0:
            return image
        return Image(resampled(image.pixels, tuple(max(2, round(side / factor)) for side in image.size)))


def reduced_textures(textures: Textures, plan: ImagePlan) -> Derivation[Readable, Record]:
    """Texture and shape of reduced images."""
    whole = textures.derivation()
    where = "at the spacing of the study" if plan.spacing else f"at most {LONGEST[plan.dimensions]} pixels long"
    return Derivation(partial(_derived, textures, plan), f"{whole.description}, of the image {where}")


def _derived(textures: Textures, plan: ImagePlan, images: Sequence[Readable]) -> list[Record]:
    return list(textures.derivation().rule([Reduced(image, plan) for image in images]))
