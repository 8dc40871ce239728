"""Images of one's own with masks or boxes, as options describe them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bedside.cli.asked import Asked, names_in, told
from bedside.cli.own_images import OwnImages, one_of, sides

if TYPE_CHECKING:
    from bedside.own_data.outlines.study import DrawnStudy

_TRIALS = 1
"""Settings tried for every learner, unless asked otherwise: a network that outlines takes a minute a fit."""


@dataclass(frozen=True)
class OwnOutlines:
    """The options that describe what is drawn in images.

    Attributes:
        of_images: The other options, which masks and boxes share with labels.
    """

    masks: Path | None
    boxes: Path | None
    structures: str | None
    of_images: OwnImages = field(repr=False)

    @property
    def asked(self) -> bool:
        """Whether an option was given that only masks or boxes have."""
        return any((self.masks, self.boxes, self.structures))

    def declared(self, trials: int | None, seed: int | None, *, quiet: bool) -> Asked:
        """The study that images and masks or boxes give; says what was inferred."""
        given = self.of_images
        if given.images is None:
            msg = "masks and boxes are of images; give --images DIR"
            raise typer.BadParameter(msg)
        if (self.masks is None) == (self.boxes is None):
            msg = "give --masks DIR or --boxes FILE_OR_DIR, one of both"
            raise typer.BadParameter(msg)
        if self.boxes is not None and self.structures:
            msg = "--structures names what masks show; boxes are named in their files: leave it out"
            raise typer.BadParameter(msg)
        self._refuse_others()
        from bedside.cli import terminal

        terminal.note(f"reading every image below {given.images} once, and what is drawn in it")
        return told(self._made(given.images, trials or _TRIALS, seed or 0), quiet=quiet)

    def _refuse_others(self) -> None:
        """Raise BadParameter for options that only labels or tables have."""
        given = self.of_images
        others = {
            "--outcome": given.outcome,
            "--positive": given.positive,
            "--grades": given.grades,
            "--endpoint": given.endpoint,
            "--table, --index-time, --exclude or --encounters": given.of_tables,
            "--size (masks are seen in windows of images of any size)": given.size and self.masks,
        }
        wrong = [name for name, value in others.items() if value]
        if wrong:
            msg = f"with --{'masks' if self.masks else 'boxes'} leave out {', '.join(wrong)}"
            raise typer.BadParameter(msg)

    def _made(self, images: Path, trials: int, seed: int) -> "DrawnStudy":
        from bedside.modalities.tabular.reading import Format
        from bedside.own_data.outlines.about import About
        from bedside.own_data.outlines.study import study_from_boxes, study_from_masks

        given = self.of_images
        about = About(
            labels=given.labels,
            patient=given.patient,
            site=given.site,
            subgroups=names_in(given.subgroups),
            flips=tuple(one_of(flip, "Flip", "--flips") for flip in names_in(given.flips)),
            spacing=sides("--spacing", given.spacing, float),
            orientation=given.orientation.upper(),
            horizon=given.horizon,
            trials=trials,
            seed=seed,
            form=Format(encoding=given.encoding, separator=given.separator),
        )
        if self.masks is not None:
            return study_from_masks(images, self.masks, structures=names_in(self.structures), about=about)
        assert self.boxes is not None  # noqa: S101 - one of both is given
        return study_from_boxes(images, self.boxes, size=sides("--size", given.size, int), about=about)
