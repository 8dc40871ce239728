"""One's own images as a source of records, and their twin from nothing but the declaration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bedside.data.source import DataFile
from bedside.errors import FileProblem
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.tabular.reading import Format
from bedside.modalities.tabular.table import records
from bedside.own_data.images.checks import check_listing
from bedside.own_data.images.declaration import ImageDeclaration, ImagesPart
from bedside.own_data.images.listing import Listing, list_images
from bedside.own_data.images.outcome import meanings
from bedside.own_data.images.roles import OwnImage
from bedside.own_data.images.simulate import simulated


@dataclass(frozen=True)
class ImageSource:
    """Reads the images that a study.toml names.

    Attributes:
        declaration: The study.
        folder: Where the paths of images and labels start from.
        given: The images, where they were read already.
    """

    declaration: ImageDeclaration
    folder: Path
    given: Listing | None = field(default=None, compare=False, repr=False)
    licence: str = "own data, not published"
    citation: str = ""
    files: tuple[DataFile, ...] = ()

    @property
    def name(self) -> str:
        """Made from the study's name."""
        return f"{self.declaration.study.name}_images"

    @property
    def plan(self) -> ImagePlan:
        """How images are made alike."""
        return self.declaration.plan.plan

    @cached_property
    def listing(self) -> Listing:
        """The images, held to their recorded content and checked against the declaration.

        Raises:
            FileProblem: Files are missing, mostly unreadable or not those that were recorded.
            TableProblem: The table of labels does not fit the declaration.
            OutcomeProblem: Its labels do not.
            CohortProblem: There are too few patients for the declared validations.
        """
        if self.given is not None:
            check_listing(self.declaration, self.given)
            return self.given
        part = self.declaration.images
        labels = self.folder / part.labels if part.labels else None
        form = Format(part.encoding, part.separator, part.decimal)
        listing = list_images(self.folder / part.folder, labels, column=part.column, form=form)
        refuse_changed_images(listing, part, "labels")
        check_listing(self.declaration, listing)
        return listing

    def records(self, root: Path) -> Iterator[OwnImage]:  # noqa: ARG002 - own data do not lie below the data folder
        """Yield one record a row: images, and what cannot be one."""
        yield from own_images(self.listing, self.plan, meanings(self.declaration.outcome, self.listing.table))

    def simulate(self, n: int, *, seed: int) -> Iterator[OwnImage]:
        """Yield n synthetic images as the plan wants them; nothing in them comes from a real image."""
        yield from simulated(self.declaration, n, seed)


def own_images(
    listing: Listing, plan: ImagePlan, outcomes: Sequence[object], reasons: Sequence[str] = ()
) -> Iterator[OwnImage]:
    """Yield one record a row.

    Args:
        listing: The images.
        plan: What an image must be.
        outcomes: In the endpoint's own type, one a row.
        reasons: Why a row has no outcome, one a row; none where that is told by the outcome.
    """
    for row, outcome, without in zip(records(listing.table), outcomes, reasons or ("",) * len(outcomes), strict=True):
        facts = listing.facts(row.position)
        reason = listing.reasons[row.position] or (facts.misfit(plan) if facts else "")
        yield OwnImage(row, facts.image if facts else None, outcome, reason or without)


def refuse_changed_images(listing: Listing, part: ImagesPart, table: str) -> None:
    """Raise FileProblem where images or their table, as it is called, are not those that were recorded."""
    if listing.sha256 != part.sha256:
        found = len(listing.files.paths)
        how = f"{found} files instead of {part.count}" if found != part.count else "other content"
        what = f"images below {listing.files.root} or their {table}"
        raise changed(what, how)


def changed(what: str, how: str) -> FileProblem:
    """The error for files that are not those that a study.toml was made of."""
    msg = (
        f"the {what} have changed since study.toml was written ({how}); put the old files back, or make the study anew "
        "with `bedside run --images`"
    )
    return FileProblem(msg)
