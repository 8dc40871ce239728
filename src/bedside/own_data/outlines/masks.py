"""Masks of a folder, each read once: whether it fits its image, and which structures it shows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.endpoints.mask.outline import Outline
from bedside.errors import FileProblem, OutcomeProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.kind import kind_of
from bedside.modalities.imaging.outlines.label_map import LabelMap, listed
from bedside.modalities.imaging.outlines.reading import read_label_map, structure_names
from bedside.own_data.images.listing import Listing
from bedside.own_data.outlines.declaration import StructurePart
from bedside.own_data.outlines.drawings import Drawings, digest_of
from bedside.own_data.outlines.pairing import Pairs, outline_files, paired

NO_MASK = "mask missing"
SEVERAL = "several masks of one name"
NOT_ALL = "mask does not name all structures"
ONLY = "structure"
"""The name of the one structure of masks that name nothing."""

_MOST = 254


@dataclass(frozen=True, eq=False)
class OwnMask:
    """A mask in its file, its structures numbered 1, 2 ... in the order of the study.

    Attributes:
        path: Where it lies; it may name a patient.
        image: What was outlined.
        structures: Of the study, with their numbers in the file.
    """

    path: Path
    image: ImageFile
    structures: tuple[StructurePart, ...]

    def read(self) -> LabelMap:
        """The mask on the grid of its image; raises FileProblem when it does not fit."""
        wanted = {one.number: one.name for one in self.structures}
        found = read_label_map(self.path, self.image, names=wanted)
        labels = np.zeros(found.size, dtype=np.uint8)
        for place, one in enumerate(self.structures):
            labels[found.labels == one.number] = place + 1
        return LabelMap(labels, found.geometry, {k + 1: one.name for k, one in enumerate(self.structures)})


def mask_files(folder: Path, images: Path) -> list[Path]:
    """All masks below a folder; raises FileProblem when there are none."""
    return outline_files(folder, images)


def read_masks(
    listing: Listing, folder: Path, files: Sequence[Path], structures: Sequence[StructurePart] = ()
) -> Drawings:
    """Read the mask of every usable image.

    Args:
        listing: The images.
        folder: Of the masks.
        files: Below it.
        structures: What is outlined; what the masks show when empty.

    Raises:
        FileProblem: No mask belongs to an image, or one does not fit its image.
        OutcomeProblem: Nothing is drawn, a structure is drawn nowhere, or masks hold what was not named.
    """
    pairs = paired(listing.files, folder, files)
    rows = [(row, path) for row, path in enumerate(listing.paths) if path is not None and not listing.reasons[row]]
    known = {row: pairs.found[path] for row, path in rows if path in pairs.found}
    chosen = tuple(structures) or _structures(listing, known)
    count = len(listing.paths)
    reasons, digests = [""] * count, [""] * count
    outcomes: list[object | None] = [None] * count
    there: list[frozenset[int]] = [frozenset()] * count
    for row, path in rows:
        if row not in known:
            reasons[row] = SEVERAL if path in pairs.several else NO_MASK
    problems: list[str] = []
    for row, path in known.items():
        facts = listing.facts(row)
        assert facts is not None  # noqa: S101 - rows without reasons are readable
        if _named(path) and not {one.name for one in chosen} <= set(structure_names(path)):
            reasons[row] = NOT_ALL
            continue
        mask = OwnMask(path, facts.image, chosen)
        try:
            shown = mask.read()
        except FileProblem as problem:
            problems.append(str(problem))
            continue
        there[row] = frozenset(int(number) - 1 for number in shown.present)
        digests[row] = digest_of((repr(shown.size).encode(), np.ascontiguousarray(shown.labels).tobytes()))
        outcomes[row] = Outline(mask)
    if problems:
        more = f" ({len(problems)} of {len(known)} masks cannot be used; this is the first)" if problems[1:] else ""
        raise FileProblem(problems[0] + more)
    _refuse_nothing(chosen, there, len(known))
    return Drawings(
        names=tuple(one.name for one in chosen),
        numbers=tuple(one.number for one in chosen),
        outcomes=tuple(outcomes),
        there=tuple(there),
        digests=tuple(digests),
        reasons=tuple(reasons),
        notes=tuple(_notes(pairs, reasons, there, outcomes, chosen, listing)),
    )


def _structures(listing: Listing, known: dict[int, Path]) -> tuple[StructurePart, ...]:
    """What the masks show: their numbers, or the names that all DICOM files have in common."""
    named = [set(structure_names(path)) for path in known.values() if _named(path)]
    if named:
        common = sorted(set.intersection(*named))
        if not common:
            msg = (
                f"the {len(named)} DICOM files of outlines have no structure in common by its name; name those that "
                "are wanted (--structures)"
            )
            raise OutcomeProblem(msg)
        return tuple(StructurePart(number=k + 1, name=name) for k, name in enumerate(common))
    seen: Counter[int] = Counter()
    for row, path in known.items():
        facts = listing.facts(row)
        seen.update(read_label_map(path, facts.image if facts else None).present.tolist())
    numbers = sorted(seen)
    if not numbers:
        msg = f"all {len(known)} masks are background; nothing can be learned where nothing is drawn"
        raise OutcomeProblem(msg)
    if len(numbers) > _MOST:
        msg = (
            f"the masks hold {len(numbers)} different numbers ({listed(numbers)}); at most {_MOST} structures are "
            "allowed: number those that are studied, or save masks instead of pictures"
        )
        raise OutcomeProblem(msg)
    if numbers == [1]:
        return (StructurePart(number=1, name=ONLY),)
    return tuple(StructurePart(number=number, name=f"{ONLY} {number}") for number in numbers)


def _named(path: Path) -> bool:
    """Whether a file names its structures."""
    return kind_of(path) == "DICOM"


def _refuse_nothing(chosen: Sequence[StructurePart], there: Sequence[frozenset[int]], masks: int) -> None:
    if not any(there):
        msg = f"all {masks} masks are background; nothing can be learned where nothing is drawn"
        raise OutcomeProblem(msg)
    nowhere = [one for place, one in enumerate(chosen) if not any(place in each for each in there)]
    if nowhere:
        first = nowhere[0]
        msg = (
            f"the structure {first.name!r} (number {first.number}) is drawn in none of {masks} masks; leave it out, or "
            "give each structure the number that it has (--structures 2=liver,5=spleen)"
        )
        raise OutcomeProblem(msg)


def _notes(
    pairs: Pairs,
    reasons: Sequence[str],
    there: Sequence[frozenset[int]],
    outcomes: Sequence[object | None],
    chosen: Sequence[StructurePart],
    listing: Listing,
) -> list[str]:
    drawn = sum(outcome is not None for outcome in outcomes)
    counts = [
        f"{one.name!r} (number {one.number}) in {sum(place in each for each in there):,}"
        for place, one in enumerate(chosen)
    ]
    lines = [f"masks: of {drawn:,} images; {', '.join(counts)}"]
    nothing = sum(outcome is not None and not each for outcome, each in zip(outcomes, there, strict=True))
    if nothing:
        lines.append(f"{nothing:,} masks are background: nothing is drawn in these images, which counts as known")
    told = {
        NO_MASK: "images have no mask",
        SEVERAL: "images have several masks, or share one",
        NOT_ALL: "masks lack a structure",
    }
    for reason, words in told.items():
        rows = [row for row, said in enumerate(reasons) if said == reason]
        if rows:
            path = listing.paths[rows[0]]
            example = listing.files.short(path) if path is not None else ""
            lines.append(f"{len(rows):,} {words}; excluded and counted (such as {example})")
    if pairs.unused:
        lines.append(f"{len(pairs.unused):,} masks belong to no image (such as {pairs.unused[0].name}); not used")
    return lines
