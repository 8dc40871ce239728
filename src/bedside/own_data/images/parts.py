"""Parts of a study.toml that follow from images and their table, whatever their outcome; and what is said of them."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bedside.modalities.tabular.inference import infer_column
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.checks import check_names
from bedside.own_data.declaration import SubgroupPart, ValidationPart
from bedside.own_data.images.declaration import ImagesPart
from bedside.own_data.images.listing import Listing
from bedside.own_data.images.plan import image_notes
from bedside.own_data.subgroups import subgroup_of

PICTURES_SHOWN = (
    "The report will show pictures of judged cases, with whatever is written into them; show_cases = false in "
    "study.toml leaves them out."
)


def check_asked(table: Table, *, patient: str | None, site: str | None, subgroups: Sequence[str]) -> None:
    """Raise TableProblem, with the nearest name, for the first column that was asked for and is not there."""
    asked = [*(("a subgroup", one) for one in subgroups)]
    asked += [(role, one) for role, one in (("the patient", patient), ("the site", site)) if one is not None]
    check_names(table.frame.columns, iter(asked))


def images_part(folder: Path, labels: Path | None, listing: Listing) -> ImagesPart:
    """The images, and the table of what is known of them where there is one."""
    return ImagesPart(
        folder=folder.as_posix(),
        labels=labels.as_posix() if labels else "",
        column=listing.column,
        count=len(listing.files.paths),
        sha256=listing.sha256,
        encoding=listing.form.encoding,
        separator=listing.form.separator,
        decimal=listing.form.decimal,
    )


def subgroup_parts(table: Table, columns: Sequence[str]) -> dict[str, SubgroupPart]:
    """Columns by which every measure is broken down; numbers are banded."""
    return {name: subgroup_of(table, infer_column(table.frame.get_column(name))) for name in columns}


def study_name(folder: Path, labels: Path | None) -> str:
    """A name made from that of the table or of the folder."""
    plain = re.sub(r"[^a-z0-9_]", "", plain_name(labels.stem if labels else folder.resolve().name))
    return plain if plain[:1].isalpha() else f"images_{plain}".rstrip("_")


def found_notes(listing: Listing) -> list[str]:
    """What the images are, and which cannot be used."""
    usable = len(listing.usable)
    total = len(listing.paths)
    lines = [f"{usable:,} of {total:,} images can be used:" if usable < total else f"{total:,} images:"]
    lines += image_notes(listing.usable)
    reasons = Counter(reason for reason in listing.reasons if reason)
    return [*lines, *(f"{count:,} excluded: {reason}" for reason, count in reasons.items())]


def validation_notes(validations: Sequence[ValidationPart]) -> list[str]:
    """Which validation is primary."""
    kinds = [part.kind.replace("_", " ") for part in validations]
    return [f"validation: {kinds[0]} is primary" + (f"; also {', '.join(kinds[1:])}" if kinds[1:] else "")]
