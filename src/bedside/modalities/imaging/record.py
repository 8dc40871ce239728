"""One image as a source gives it: with its label and what is known of it, before anybody decided what is predicted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bedside.modalities.imaging.image import Readable


@dataclass(frozen=True, eq=False)
class ImageRecord:
    """An image and what its publisher says about it.

    Attributes:
        key: Unique within the source.
        image: In memory or in its file.
        label: A word or a number; None where nobody knows.
        patient: Whose image it is; None where the source does not tell.
        attributes: Strings that describe it: partition, sex, site.
    """

    key: str
    image: Readable
    label: "str | float | None"
    patient: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
