"""One image with what was outlined or boxed in it, as a source gives it: before anybody decided what is predicted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.outlines.box_list import BoxList
from bedside.modalities.imaging.outlines.label_map import Outlined


@dataclass(frozen=True, eq=False)
class OutlinedRecord:
    """An image and its outlines.

    Attributes:
        key: Unique within the source.
        image: In memory or in its file.
        outlines: Of the observer whose outlines are the reference; None where nobody outlined it.
        judged: Where the outlines mean anything (a field of view): 1 inside; None for the whole image.
        second: Of a second observer; None where there is none.
        patient: Whose image it is; None where the source does not tell.
        attributes: Strings that describe it: partition, sex, site.
    """

    key: str
    image: Readable
    outlines: Outlined | None
    judged: Outlined | None = None
    second: Outlined | None = None
    patient: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class BoxedRecord:
    """An image and its boxes.

    Attributes:
        key: Unique within the source.
        image: In memory or in its file.
        boxes: What was found in it; an empty list where there was nothing.
        patient: Whose image it is; None where the source does not tell.
        attributes: Strings that describe it: partition, sex, site.
    """

    key: str
    image: Readable
    boxes: BoxList
    patient: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
