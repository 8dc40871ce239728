"""Predictions that lie in images as files: masks on the grids of their images, or boxes of all of them."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from bedside.endpoints.boxes.boxes import Found
from bedside.endpoints.boxes.target import BoxTarget
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.target import Outlined
from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Readable
from bedside.own_data.images.files import without_suffix

_COLOURS = (
    (0, 0, 0), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0),
    (204, 121, 167),
)  # fmt: skip
"""Of background and structures in PNG files (Okabe and Ito, 2008); from the eighth structure on they repeat."""


@dataclass(frozen=True, eq=False)
class Answered:
    """One image with what was found in it.

    Attributes:
        name: As it was asked for.
        image: Its pixels are read for its size and place.
        prediction: Of the endpoint's type.
    """

    name: str
    image: Readable
    prediction: Any


def lies_in_images(endpoint: Endpoint[Any, Any]) -> bool:
    """Whether predictions of an endpoint are written as files of their own."""
    return isinstance(endpoint.target, Outlined | BoxTarget)


def write_drawn(
    endpoint: Endpoint[Any, Any], answers: Sequence[Answered], folder: Path, *, numbers: Sequence[int] = ()
) -> dict[str, str]:
    """Write masks or boxes into a new folder, and give the file of each image.

    Masks become PNG, of volumes NIfTI with the place of the image, and labels.json tells what their numbers mean.
    Boxes become boxes.json, in the form of COCO with a score each, and boxes.csv.

    Args:
        endpoint: Of masks or of boxes.
        answers: In the order of the images.
        folder: New, or empty.
        numbers: What each structure is called in files; 1, 2 ... when empty.

    Raises:
        FileProblem: The folder holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder} exists and is not empty; name a new folder, so that nothing is overwritten"
        raise FileProblem(msg)
    folder.mkdir(parents=True, exist_ok=True)
    target = endpoint.target
    if isinstance(target, BoxTarget):
        return _boxes(answers, [kind.name for kind in target.kinds], folder)
    assert isinstance(target, Outlined)  # noqa: S101 - nothing else lies in images
    return _masks(answers, target.structures, numbers or range(1, len(target.structures) + 1), folder)


def _masks(answers: Sequence[Answered], names: Sequence[str], numbers: Sequence[int], folder: Path) -> dict[str, str]:
    called = np.array([0, *numbers], dtype=np.uint16 if max(numbers) > 255 else np.uint8)
    files = {}
    for answer, bare in zip(answers, _bare([answer.name for answer in answers]), strict=True):
        prediction: Segmentation = answer.prediction
        labels = called[prediction.labels]
        flat = labels.ndim == 2
        path = folder / f"{bare}{'.png' if flat else '.nii.gz'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if flat:
            _write_png(labels, path)
        else:
            _write_nifti(labels, answer.image.read().geometry, path)
        files[answer.name] = path.relative_to(folder).as_posix()
    content = {"background": 0, **dict(zip(names, map(int, numbers), strict=True))}
    _write_json(folder / "labels.json", content)
    return files


def _write_png(labels: NDArray[Any], path: Path) -> None:
    """Numbers as places in a palette, so that a viewer shows them and a reader of labels gets them."""
    picture = Picture.fromarray(labels)
    if labels.dtype == np.uint8:
        flat = list(_COLOURS[0])
        for number in range(1, 256):
            flat += _COLOURS[1 + (number - 1) % (len(_COLOURS) - 1)]
        picture = picture.convert("L")
        picture.putpalette(flat)
    picture.save(path, format="PNG", optimize=False)


def _write_nifti(labels: NDArray[Any], geometry: Geometry | None, path: Path) -> None:
    """Labels in the file's order (i, j, k), the reverse of the array's, with the place that the image tells."""
    import nibabel  # noqa: PLC0415 - slow to import

    made: Any = nibabel.Nifti1Image(np.ascontiguousarray(labels.transpose(2, 1, 0)), None)  # type: ignore[no-untyped-call]
    if geometry is not None:
        made.header.set_zooms(tuple(float(step) for step in geometry.spacing[::-1]))
        made.header.set_xyzt_units("mm")
        if geometry.affine is not None:
            affine = geometry.affine[:, [2, 1, 0, 3]]
            made.set_sform(affine, code=1)
            made.set_qform(None, code=0)
    nibabel.save(made, path)


def _boxes(answers: Sequence[Answered], kinds: Sequence[str], folder: Path) -> dict[str, str]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["image", "kind", "score", "x", "y", "width", "height"])
    for number, answer in enumerate(answers, 1):
        rows, columns = answer.image.read().size
        images.append({"id": number, "file_name": answer.name, "height": rows, "width": columns})
        found: Found = answer.prediction
        for corners, kind, score in zip(
            found.corners.tolist(), found.kinds.tolist(), found.scores.tolist(), strict=True
        ):
            top, left, bottom, right = corners
            box = [round(x, 3) for x in (left + 0.5, top + 0.5, right - left, bottom - top)]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": kind + 1,
                    "bbox": box,
                    "area": round(box[2] * box[3], 3),
                    "iscrowd": 0,
                    "score": round(score, 6),
                }
            )
            table.writerow([answer.name, kinds[kind], f"{score:.6g}", *(f"{x:g}" for x in box)])
    categories = [{"id": place + 1, "name": name} for place, name in enumerate(kinds)]
    _write_json(folder / "boxes.json", {"images": images, "categories": categories, "annotations": annotations})
    (folder / "boxes.csv").write_text(text.getvalue(), "utf-8")
    return {answer.name: "boxes.json" for answer in answers}


def _bare(names: Sequence[str]) -> list[str]:
    """Paths below the folder without suffix; with it where two would be the same."""
    safe = [PurePosixPath(*(part for part in PurePosixPath(name).parts if part not in ("..", "/"))) for name in names]
    short = [str(one.with_name(without_suffix(one.name))) for one in safe]
    counts = Counter(short)
    return [str(one) if counts[bare] > 1 else bare for one, bare in zip(safe, short, strict=True)]


def _write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - JSON
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
