"""Boxes in the XML of PASCAL VOC: one file an image.

Pixels are counted from 1 there and both corners belong to the box (VOC 2012 development kit, section 2): the box from
xmin 1 to xmax 1 is one pixel wide.
"""

from pathlib import Path
from xml.etree.ElementTree import (
    Element,
    ParseError,
    TreeBuilder,
)
from xml.parsers import expat

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.outlines.box_list import OVERSHOOT, BoxList

_CORNERS = ("ymin", "xmin", "ymax", "xmax")


def read_voc(path: Path, *, size: tuple[int, int] | None = None, overshoot: float = OVERSHOOT) -> BoxList:
    """Read the boxes of one image.

    Args:
        path: The XML file.
        size: Rows and columns of the image; None takes those that the file tells. Where both are known they must agree.
        overshoot: Pixels by which a box may reach over the border of the image.

    Raises:
        FileProblem: The file is no VOC annotation, is not well formed, declares a document type, or holds a box that
            cannot be; the message names the box by its number.
    """
    root = parsed(path)
    if root.tag != "annotation":
        msg = f"{path} is XML whose root is <{root.tag[:40]}>; <annotation> of PASCAL VOC is allowed"
        raise FileProblem(msg)
    told = _size(root, path)
    if told is None and size is None:
        msg = f"{path} does not tell the size of its image; add <size>, or give the image"
        raise FileProblem(msg)
    if told is not None and size is not None and told != size:
        msg = (
            f"{path} was drawn on an image of {told[0]} x {told[1]} pixels (rows first) and the image has {size[0]} x "
            f"{size[1]}; give the image that was annotated"
        )
        raise FileProblem(msg)
    objects = root.findall("object")
    corners = np.array([_corners(item, number, path) for number, item in enumerate(objects, 1)]).reshape(-1, 4)
    corners += np.array([-1.5, -1.5, -0.5, -0.5])  # from pixels counted from 1 to borders around centres from 0
    return BoxList.of(
        corners,
        [_text(item, "name", number, path) for number, item in enumerate(objects, 1)],
        told or size or (0, 0),
        str(path),
        aside=np.array([(item.findtext("difficult") or "0").strip() == "1" for item in objects], dtype=np.bool_),
        overshoot=overshoot,
    )


def parsed(path: Path) -> Element:
    """The root of an XML file without a document type, hence without entities of its own or of other files.

    Raises:
        FileProblem: It cannot be read, is not well formed, or declares a document type.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_: object) -> None:
        msg = f"{path} declares a document type, which can name other files; annotations need none: take it out"
        raise FileProblem(msg)

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(path.read_bytes(), True)  # noqa: FBT003 - expat takes it by position only
        return builder.close()
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); check that it is a file and its permissions"
        raise FileProblem(msg) from error
    except (expat.ExpatError, ParseError, AssertionError) as error:
        msg = f"{path} is not well-formed XML ({type(error).__name__}); truncated or no annotation: fetch it again"
        raise FileProblem(msg) from error


def _size(root: Element, path: Path) -> tuple[int, int] | None:
    """Rows and columns as the file tells them; None where it does not, or tells 0."""
    told = [(root.findtext(f"size/{name}") or "0").strip() for name in ("height", "width")]
    if not all(one.isdecimal() for one in told):
        msg = f"{path} tells a size of its image that is no whole number; correct <size>"
        raise FileProblem(msg)
    rows, columns = (int(one) for one in told)
    return (rows, columns) if rows and columns else None


def _corners(item: Element, number: int, path: Path) -> list[float]:
    try:
        return [float(_text(item, f"bndbox/{name}", number, path)) for name in _CORNERS]
    except ValueError as error:
        msg = f"box {number} in {path} has a corner that is no number; xmin, ymin, xmax and ymax in pixels are needed"
        raise FileProblem(msg) from error


def _text(item: Element, name: str, number: int, path: Path) -> str:
    found = (item.findtext(name) or "").strip()
    if not found:
        msg = f"box {number} in {path} has no <{name}>; a name and four corners are needed"
        raise FileProblem(msg)
    return found
