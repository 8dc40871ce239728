"""One's own images with masks or boxes as a source of records, and their twin from nothing but the declaration."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bedside.data.source import DataFile
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.tabular.reading import Format
from bedside.own_data.images.listing import Listing, list_images
from bedside.own_data.images.roles import OwnImage
from bedside.own_data.images.source import changed, own_images, refuse_changed_images
from bedside.own_data.outlines.boxes import box_files, read_boxes
from bedside.own_data.outlines.checks import check_drawn
from bedside.own_data.outlines.declaration import DrawnDeclaration, MaskDeclaration
from bedside.own_data.outlines.drawings import Drawn
from bedside.own_data.outlines.masks import mask_files, read_masks
from bedside.own_data.outlines.simulate import simulated


@dataclass(frozen=True)
class DrawnSource:
    """Reads the images that a study.toml names, and what is drawn in them.

    Attributes:
        declaration: The study.
        folder: Where its paths start from.
        given: Images and outcomes, where they were read already.
    """

    declaration: DrawnDeclaration
    folder: Path
    given: Drawn | None = field(default=None, compare=False, repr=False)
    licence: str = "own data, not published"
    citation: str = ""
    files: tuple[DataFile, ...] = ()

    @property
    def name(self) -> str:
        """Made from the study's name."""
        return f"{self.declaration.study.name}_images"

    @property
    def plan(self) -> ImagePlan:
        """What an image must be; masks are seen in windows of images of any size."""
        return self.declaration.fits

    @property
    def numbers(self) -> tuple[int, ...]:
        """What each structure or kind is called in files."""
        if isinstance(self.declaration, MaskDeclaration):
            return tuple(one.number for one in self.declaration.masks.structures)
        return tuple(range(1, len(self.declaration.names) + 1))

    @cached_property
    def drawn(self) -> Drawn:
        """Images and outcomes, held to their recorded content and checked against the declaration.

        Raises:
            FileProblem: Files are missing, do not fit each other, or are not those that were recorded.
            TableProblem: The table does not fit the declaration.
            OutcomeProblem: What is drawn does not.
            CohortProblem: There are too few patients for the declared validations.
        """
        if self.given is not None:
            check_drawn(self.declaration, self.given)
            return self.given
        declared = self.declaration
        part = declared.images
        labels = self.folder / part.labels if part.labels else None
        folder, where = self.folder / part.folder, self.folder / declared.where
        files = (mask_files if isinstance(declared, MaskDeclaration) else box_files)(where, folder)
        form = Format(part.encoding, part.separator, part.decimal)
        listing = listed(folder, labels, where, files, column=part.column if labels else "", form=form)
        refuse_changed_images(listing, part, "table")
        drawings = (
            read_masks(listing, where, files, declared.masks.structures)
            if isinstance(declared, MaskDeclaration)
            else read_boxes(listing, where, files, declared.names)
        )
        if drawings.sha256 != declared.outcome.sha256:
            what = f"masks or boxes of {where}"
            raise changed(what, "other content")
        found = Drawn(listing, drawings)
        check_drawn(declared, found)
        return found

    def records(self, root: Path) -> Iterator[OwnImage]:  # noqa: ARG002 - own data do not lie below the data folder
        """Yield one record a row: images, and what cannot be one."""
        drawings = self.drawn.drawings
        yield from own_images(self.drawn.listing, self.plan, drawings.outcomes, drawings.reasons)

    def simulate(self, n: int, *, seed: int) -> Iterator[OwnImage]:
        """Yield n synthetic images with bodies to outline or to find; nothing in them comes from a real image."""
        yield from simulated(self.declaration, n, seed)


def listed(
    folder: Path, labels: Path | None, where: Path, files: list[Path], *, column: str = "", form: Format | None = None
) -> Listing:
    """The images below a folder, without the files of masks or boxes that may lie there too.

    Args:
        folder: Of the images.
        labels: A table of what is known of them; None where there is none.
        where: Of the outlines.
        files: Of the outlines.
        column: Of the table, that names the images; found out when empty.
        form: Of the table.

    Raises:
        FileProblem: There is no image, or most cannot be read.
        TableProblem: No column of the table names the images.
    """
    inside = where.is_dir() and where.resolve() != folder.resolve()
    within = inside and not folder.resolve().is_relative_to(where.resolve())
    return list_images(
        folder, labels, column=column, form=form, classes=False, without=[where, *files] if within else files
    )
