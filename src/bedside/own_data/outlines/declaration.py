"""What the study.toml of images with masks or boxes says, checked."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from bedside.modalities.imaging.plan import ImagePlan, Scale
from bedside.modalities.imaging.windows.derived import Derived
from bedside.own_data.declaration import (
    ColumnsPart,
    Digest,
    LearnersPart,
    Part,
    StudyPart,
    SubgroupPart,
    Validations,
)
from bedside.own_data.images.declaration import Flip, ImagesPart, Pair, PlanPart, TrainingPart, both


class StructurePart(Part):
    """One structure: the number that it has in the masks, and its name."""

    number: Annotated[int, Field(ge=1)]
    name: Annotated[str, Field(min_length=1)]


class MasksPart(Part):
    """The masks.

    Attributes:
        folder: Where they lie, named as their images are.
        structures: What is outlined. DICOM names its structures itself: numbers are then those of the results.
        sha256: Of what all of them show.
        tolerance_mm: Distance between two borders that is of no consequence.
        tolerance_pixels: The same where distances between pixels are not known; one of both is given.
        horizon: When it is judged what there is.
        balanced: Whether splits are balanced by what is drawn; not where some of it is too rare for every fold.
    """

    folder: Annotated[str, Field(min_length=1)]
    structures: Annotated[tuple[StructurePart, ...], Field(min_length=1)]
    sha256: Digest
    tolerance_mm: Annotated[float, Field(gt=0)] | None = None
    tolerance_pixels: Annotated[float, Field(gt=0)] | None = None
    horizon: str = "on the same image"
    balanced: bool = True


class BoxesPart(Part):
    """The boxes.

    Attributes:
        path: A folder of PASCAL VOC files, or one file of COCO.
        kinds: Of things in boxes, the rarest first.
        sha256: Of all boxes.
        iou: Overlap from which a box counts as found.
        false_positives: An image and kind: chooses from which score a box is shown.
        horizon: When it is judged what there is.
        balanced: Whether splits are balanced by what is drawn; not where some of it is too rare for every fold.
    """

    path: Annotated[str, Field(min_length=1)]
    kinds: Annotated[tuple[str, ...], Field(min_length=1)]
    sha256: Digest
    iou: Annotated[float, Field(gt=0, lt=1)] = 0.5
    false_positives: Annotated[float, Field(gt=0)] = 1.0
    horizon: str = "on the same image"
    balanced: bool = True


class WindowsPart(Part):
    """How images are made alike and seen in windows; what is empty is chosen from development images.

    Attributes:
        dimensions: 2 for images, 3 for volumes.
        channels: 1 for grey, 3 for colour.
        pixels: Most of a window.
        spacing: Millimetres between pixels; empty for the median of development.
        orientation: Of the axes of a volume ("RAS"); empty leaves them.
        window: Centre and width of the values that are told apart; empty keeps all.
        clip: Percentiles at which values are cut; empty cuts none.
        scale: Whose mean and spread become 0 and 1.
        flips: Directions in which training images may be mirrored, because the anatomy allows it.
    """

    dimensions: Literal[2, 3]
    channels: Annotated[int, Field(ge=1)] = 1
    pixels: Annotated[int, Field(ge=512)]
    spacing: tuple[float, ...] = ()
    orientation: str = ""
    window: Pair = ()
    clip: Pair = ()
    scale: Scale = "image"
    flips: tuple[Flip, ...] = ()

    @property
    def plan(self) -> Derived:
        """The same for the modality."""
        return Derived(
            channels=self.channels,
            spacing=self.spacing or None,
            orientation=self.orientation or None,
            window=both(self.window),
            clip=both(self.clip),
            scale=self.scale,
            convert=True,
            pixels=self.pixels,
        )

    @property
    def smallest(self) -> ImagePlan:
        """What an image must be to be seen at all; raises StudyError where the parts do not fit together."""
        return self.like((2,) * self.dimensions)

    def like(self, size: tuple[int, ...]) -> ImagePlan:
        """A plan of images of one size that are made alike in the same way."""
        return ImagePlan(
            size=size,
            channels=self.channels,
            spacing=self.spacing or None,
            orientation=self.orientation or None,
            convert=True,
        )


class WindowTrainingPart(TrainingPart):
    """How long the network learns.

    Attributes:
        per_image: Windows of each image and pass.
    """

    per_image: Annotated[int, Field(ge=1)]


class MaskDeclaration(Part):
    """A whole study.toml of images with masks."""

    format: Literal[1]
    study: StudyPart
    images: ImagesPart
    masks: MasksPart
    columns: ColumnsPart = ColumnsPart()
    windows: WindowsPart
    validations: Validations
    learners: LearnersPart
    training: WindowTrainingPart
    subgroups: dict[str, SubgroupPart] = Field(default_factory=dict)

    @property
    def outcome(self) -> MasksPart:
        """Where outcomes are, and what they are."""
        return self.masks

    @property
    def fits(self) -> ImagePlan:
        """What an image must be."""
        return self.windows.smallest

    @property
    def names(self) -> tuple[str, ...]:
        """Of the structures."""
        return tuple(one.name for one in self.masks.structures)

    @property
    def where(self) -> str:
        """Folder of the masks."""
        return self.masks.folder


class BoxDeclaration(Part):
    """A whole study.toml of images with boxes."""

    format: Literal[1]
    study: StudyPart
    images: ImagesPart
    boxes: BoxesPart
    columns: ColumnsPart = ColumnsPart()
    plan: PlanPart
    validations: Validations
    learners: LearnersPart
    training: TrainingPart
    subgroups: dict[str, SubgroupPart] = Field(default_factory=dict)

    @property
    def outcome(self) -> BoxesPart:
        """Where outcomes are, and what they are."""
        return self.boxes

    @property
    def fits(self) -> ImagePlan:
        """What an image must be."""
        return self.plan.plan

    @property
    def names(self) -> tuple[str, ...]:
        """Of the kinds."""
        return self.boxes.kinds

    @property
    def where(self) -> str:
        """File or folder of the boxes."""
        return self.boxes.path


DrawnDeclaration: TypeAlias = MaskDeclaration | BoxDeclaration
"""A study.toml of outcomes that lie in images."""
