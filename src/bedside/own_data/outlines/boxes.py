"""Boxes of a folder of PASCAL VOC files, or of one file of COCO, each held to its image."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.endpoints.boxes.boxes import Boxes
from bedside.errors import FileProblem, OutcomeProblem
from bedside.modalities.imaging.outlines.box_list import BoxList
from bedside.modalities.imaging.outlines.coco import read_coco
from bedside.modalities.imaging.outlines.voc import read_voc
from bedside.own_data.images.files import ImageFiles
from bedside.own_data.images.listing import Listing
from bedside.own_data.outlines.drawings import Drawings, digest_of
from bedside.own_data.outlines.pairing import outline_files, paired

NOT_SAID = "no annotation of the image"
SEVERAL = "several annotations of one name"
_VOC = frozenset({".xml"})


@dataclass(frozen=True)
class _Found:
    """Boxes by image, images with several annotations, and annotations of no image."""

    boxes: Mapping[Path, BoxList]
    several: frozenset[Path]
    unused: tuple[str, ...]


def box_files(where: Path, images: Path) -> list[Path]:
    """Files that hold boxes; raises FileProblem when there are none."""
    if where.is_dir():
        return outline_files(where, images, suffixes=_VOC, what="PASCAL VOC file (.xml); of COCO name the .json itself")
    if not where.is_file():
        msg = f"{where} does not exist; name a folder of PASCAL VOC files (XML), or one COCO file (JSON)"
        raise FileProblem(msg)
    return [where]


def read_boxes(listing: Listing, where: Path, files: Sequence[Path], kinds: Sequence[str] = ()) -> Drawings:
    """Read the boxes of every usable image; an annotated image without boxes is one in which nothing is.

    Args:
        listing: The images.
        where: Folder of VOC files, or a COCO file.
        files: That hold boxes.
        kinds: The rarest first; what the boxes name when empty.

    Raises:
        FileProblem: No annotation belongs to an image, or one cannot be of its image.
        OutcomeProblem: There is no box, or one of a kind that was not named.
    """
    found = _voc(listing, where, files) if where.is_dir() else _coco(listing, where)
    usable = {path for row, path in enumerate(listing.paths) if path is not None and not listing.reasons[row]}
    seen = Counter(name for path, boxes in found.boxes.items() if path in usable for name in _judged(boxes))
    if not seen:
        msg = f"none of {len(found.boxes)} annotated images has a box; nothing can be learned where nothing is"
        raise OutcomeProblem(msg)
    names = tuple(kinds) or tuple(sorted(seen, key=lambda name: (seen[name], name)))
    unknown, nowhere = sorted(set(seen) - set(names)), [name for name in names if name not in seen]
    if unknown or nowhere:
        what = f"boxes are named {unknown[0]!r}" if unknown else f"no box is named {nowhere[0]!r}"
        msg = f"{what}, and the declared kinds are {', '.join(names)}; correct the kinds or the annotations"
        raise OutcomeProblem(msg)
    outcomes: list[object | None] = []
    reasons, digests, there = [], [], []
    for row, path in enumerate(listing.paths):
        boxes = found.boxes.get(path) if path is not None and not listing.reasons[row] else None
        outcome = None if boxes is None else _outcome(boxes, names)
        missing = "" if listing.reasons[row] else SEVERAL if path in found.several else NOT_SAID
        reasons.append(missing if outcome is None else "")
        there.append(frozenset() if outcome is None else frozenset(outcome.kinds.tolist()))
        digests.append(digest_of(_content(outcome, names)) if outcome is not None else "")
        outcomes.append(outcome)
    return Drawings(
        names=names,
        numbers=tuple(range(1, len(names) + 1)),
        outcomes=tuple(outcomes),
        there=tuple(there),
        digests=tuple(digests),
        reasons=tuple(reasons),
        notes=tuple(_notes(found, seen, names, reasons, outcomes)),
    )


def _voc(listing: Listing, folder: Path, files: Sequence[Path]) -> _Found:
    pairs = paired(listing.files, folder, files)
    boxes: dict[Path, BoxList] = {}
    problems: list[str] = []
    for image, path in pairs.found.items():
        facts = listing.decoded.facts.get(image)
        if facts is None or len(facts.size) != 2:
            continue
        try:
            boxes[image] = read_voc(path, size=(facts.size[0], facts.size[1]))
        except FileProblem as problem:
            problems.append(str(problem))
    _refuse(problems, len(pairs.found))
    return _Found(boxes, frozenset(pairs.several), tuple(path.name for path in pairs.unused))


def _coco(listing: Listing, path: Path) -> _Found:
    told = read_coco(path)
    boxes: dict[Path, BoxList] = {}
    unused, problems = [], []
    for name, found in told.boxes.items():
        image = listing.files.named(name)
        if image is None:
            unused.append(name)
            continue
        facts = listing.decoded.facts.get(image)
        if facts is None:
            continue
        try:
            boxes[image] = found.on(facts.image.read(), f"an image of {path} ({listing.files.short(image)})")
        except FileProblem as problem:
            problems.append(str(problem))
    _refuse(problems, len(told.boxes))
    if not boxes:
        raise FileProblem(_strangers(listing.files, path, unused))
    return _Found(boxes, frozenset(), tuple(unused))


def _strangers(files: ImageFiles, path: Path, unused: Sequence[str]) -> str:
    example = f"such as {unused[0]!r}" if unused else "none at all"
    return (
        f"no image that {path} describes ({example}) lies below {files.root} (where an image is "
        f"{files.short(files.paths[0])}); file_name must be the path from that folder, or the name"
    )


def _refuse(problems: Sequence[str], of: int) -> None:
    if problems:
        more = f" ({len(problems)} of {of} annotations cannot be used; this is the first)" if problems[1:] else ""
        raise FileProblem(problems[0] + more)


def _judged(boxes: BoxList) -> list[str]:
    """Names of those that are judged one by one."""
    return [name for name, aside in zip(boxes.names, boxes.aside.tolist(), strict=True) if not aside]


def _outcome(boxes: BoxList, names: Sequence[str]) -> Boxes:
    """Boxes of the kinds; what is set aside and of no kind is none of them, as nobody is asked to find it."""
    known = [place for place, name in enumerate(boxes.names) if name in names]
    kinds = np.array([names.index(boxes.names[place]) for place in known], dtype=np.int64)
    return Boxes.parted(boxes.corners[known], kinds, boxes.size, boxes.aside[known], crowds=boxes.crowds)


def _content(outcome: Boxes, names: Sequence[str]) -> list[bytes]:
    words = [names[kind].encode() for kind in outcome.kinds.tolist()]
    rest = [] if outcome.aside is None else [outcome.aside.corners.tobytes(), outcome.aside.codes.tobytes()]
    return [repr(outcome.size).encode(), outcome.corners.tobytes(), *words, *rest]


def _notes(
    found: _Found,
    seen: Mapping[str, int],
    names: Sequence[str],
    reasons: Sequence[str],
    outcomes: Sequence[object | None],
) -> list[str]:
    counts = ", ".join(f"{seen[name]:,} {name!r}" for name in names)
    known = [outcome for outcome in outcomes if isinstance(outcome, Boxes)]
    lines = [f"boxes: {counts}, in {len(known):,} images"]
    nothing = sum(not len(one) for one in known)
    if nothing:
        lines.append(f"{nothing:,} annotated images have no box: nothing is in them, which counts as known")
    aside = sum(int(boxes.aside.sum()) for boxes in found.boxes.values())
    if aside:
        lines.append(f"{aside:,} boxes are marked as crowds or difficult; to find one is neither right nor wrong")
    cut = sum(boxes.clipped for boxes in found.boxes.values())
    if cut:
        lines.append(f"{cut:,} boxes reached over the border of their image; cut there")
    lines += [f"{count:,} images excluded: {reason}" for reason, count in Counter(filter(None, reasons)).items()]
    if found.unused:
        lines.append(f"{len(found.unused):,} annotations belong to no image (such as {found.unused[0]}); not used")
    return lines
