"""What the study.toml of a folder of images says, checked."""

from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import AfterValidator, Field, ValidationInfo

from bedside.modalities.imaging.plan import ImagePlan, Scale
from bedside.own_data.declaration import (
    ColumnsPart,
    Declared,
    Digest,
    LearnersPart,
    Part,
    StudyPart,
    SubgroupPart,
    Validations,
)

ImageEndpoint: TypeAlias = Literal["binary", "multiclass", "ordinal", "continuous", "multilabel"]
Flip: TypeAlias = Literal["left-right", "up-down", "front-back"]

FOLDER = "folder"
"""Name of the column that holds the class where sub-folders are the classes."""

FILE = "file"
"""Name of the column that holds the paths of images that have no table."""

DICOM_PATIENT = "DICOM patient"
"""Name of the column that holds the identifier that DICOM files carry."""


class ImagesPart(Part):
    """The images, and the table of their labels where there is one.

    Attributes:
        folder: Where they lie.
        labels: A CSV or Parquet table, one row an image; empty where sub-folders are the classes.
        column: Its column that names the image files.
        count: Files that were found.
        sha256: Of the decoded content of all of them and of the table.
        encoding: Of the table; empty for Parquet.
        separator: Of its cells.
        decimal: Of its numbers.
        show_cases: Whether the report shows pictures of judged cases.
    """

    folder: Annotated[str, Field(min_length=1)]
    labels: str = ""
    column: str = ""
    count: Annotated[int, Field(ge=1)]
    sha256: Digest
    encoding: str = ""
    separator: str = ""
    decimal: str = ""
    show_cases: bool = True


def _two(value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
    if len(value) not in (0, 2):
        msg = f"{info.field_name} takes two numbers, or none"
        raise ValueError(msg)
    return value


Pair: TypeAlias = Annotated[tuple[float, ...], AfterValidator(_two)]
"""Two numbers, or none."""


def both(pair: Pair) -> tuple[float, float] | None:
    """Both numbers; None where there are none."""
    return (pair[0], pair[1]) if pair else None


class PlanPart(Part):
    """How images are made alike; see `bedside.modalities.imaging.plan.ImagePlan`.

    Attributes:
        size: Pixels along each axis of what the network sees.
        channels: 1 for grey, 3 for colour.
        spacing: Millimetres between pixels; empty scales to the size instead.
        orientation: Of the axes of a volume ("RAS"); empty leaves them.
        window: Centre and width of the values that are told apart; empty keeps all.
        clip: Percentiles at which values are cut; empty cuts none.
        scale: Whose mean and spread become 0 and 1.
        flips: Directions in which training images may be mirrored, because the anatomy allows it.
    """

    size: Annotated[tuple[int, ...], Field(min_length=2, max_length=3)]
    channels: Annotated[int, Field(ge=1)] = 1
    spacing: tuple[float, ...] = ()
    orientation: str = ""
    window: Pair = ()
    clip: Pair = ()
    scale: Scale = "development"
    flips: tuple[Flip, ...] = ()

    @property
    def plan(self) -> ImagePlan:
        """The same for the modality; raises StudyError where its parts do not fit together."""
        return ImagePlan(
            size=self.size,
            channels=self.channels,
            spacing=self.spacing or None,
            orientation=self.orientation or None,
            window=both(self.window),
            clip=both(self.clip),
            scale=self.scale,
            convert=True,
        )


class TrainingPart(Part):
    """How long the network learns.

    Attributes:
        epochs: Most passes over the development images.
        batch: Images a step.
    """

    epochs: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=2)]


class ImageOutcomePart(Part):
    """The outcome of an image.

    Attributes:
        columns: Where it stands; several for findings that may coexist, one a finding.
        endpoint: Its kind.
        positive: Word of a binary outcome that means the event.
        negative: All other words of a binary outcome.
        classes: Words of the classes; of grades, the lowest first; of findings, the rarest first.
        separator: Between findings that stand in one column.
        nothing: Word that stands there for no finding.
        unit: Unit of a continuous outcome.
        cuts: Values of a continuous outcome between which splits are balanced.
        missing: Values that mean the outcome is unknown; such images are excluded and counted.
        horizon: When it is judged.
    """

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    endpoint: ImageEndpoint
    positive: str = ""
    negative: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    separator: str = ""
    nothing: str = ""
    unit: str = ""
    cuts: tuple[float, ...] = ()
    missing: tuple[str | float, ...] = ()
    horizon: str = ""


class ImageDeclaration(Part):
    """A whole study.toml of images."""

    format: Literal[1]
    study: StudyPart
    images: ImagesPart
    outcome: ImageOutcomePart
    columns: ColumnsPart = ColumnsPart()
    plan: PlanPart
    validations: Validations
    learners: LearnersPart
    training: TrainingPart
    subgroups: dict[str, SubgroupPart] = Field(default_factory=dict)


class Columned(Declared, Protocol):
    """A declaration of images whose table gives each a role: of labels, masks or boxes alike."""

    @property
    def images(self) -> ImagesPart:
        """The images and their table."""
        ...
