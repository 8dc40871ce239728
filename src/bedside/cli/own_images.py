"""Images of one's own, as options describe them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from bedside.cli.asked import Asked, names_in, told

_TRIALS = 3
"""Settings tried for every learner, unless asked otherwise: networks on images take minutes."""


@dataclass(frozen=True)
class OwnImages:
    """The options that describe images without code.

    Attributes:
        of_tables: Whether an option was given that only a table has.
    """

    images: Path | None
    labels: Path | None
    grades: str | None
    size: str
    spacing: str
    orientation: str
    flips: str
    outcome: str | None
    positive: str | None
    patient: str | None
    site: str | None
    subgroups: str | None
    horizon: str
    endpoint: str | None
    encoding: str
    separator: str
    of_tables: bool

    @property
    def asked(self) -> bool:
        """Whether an option was given that only images have."""
        return any((self.images, self.labels, self.grades, self.size, self.spacing, self.orientation, self.flips))

    def declared(self, trials: int | None, seed: int | None, *, quiet: bool) -> Asked:
        """The study that the images give; says what was inferred."""
        if self.images is None:
            msg = "images of your own need --images DIR; give the folder that holds them"
            raise typer.BadParameter(msg)
        if self.of_tables:
            msg = "--table, --index-time, --exclude and --encounters belong to tables; leave them out with --images"
            raise typer.BadParameter(msg)
        from bedside.cli import terminal
        from bedside.modalities.tabular.reading import Format
        from bedside.own_data.images.study import study_from_images

        terminal.note(f"reading every image below {self.images} once")
        made = study_from_images(
            self.images,
            labels=self.labels,
            outcome=names_in(self.outcome),
            patient=self.patient,
            site=self.site,
            subgroups=names_in(self.subgroups),
            horizon=self.horizon,
            positive=self.positive,
            endpoint=one_of(self.endpoint, "ImageEndpoint", "--endpoint"),
            grades=names_in(self.grades),
            size=sides("--size", self.size, int),
            spacing=sides("--spacing", self.spacing, float),
            orientation=self.orientation.upper(),
            flips=tuple(one_of(flip, "Flip", "--flips") for flip in names_in(self.flips)),
            form=Format(encoding=self.encoding, separator=self.separator),
            seed=seed or 0,
            trials=trials or _TRIALS,
        )
        return told(made, quiet=quiet)


def one_of(given: str | None, kind: str, option: str) -> Any:  # noqa: ANN401 - one of a literal type's words, or None
    """What was given, when it is one of the words that a declaration of images allows."""
    from typing import get_args

    from bedside.own_data.images import declaration

    allowed = get_args(getattr(declaration, kind))
    if given is not None and given not in allowed:
        msg = f"{option} {given!r} is not known; give {', '.join(allowed)}"
        raise typer.BadParameter(msg)
    return given


def sides(option: str, text: str, number: Callable[[str], Any]) -> tuple[Any, ...]:
    """Numbers along axes: "64" or "64x48"."""
    try:
        return tuple(number(part) for part in text.lower().split("x")) if text else ()
    except ValueError:
        msg = f"{option} {text!r} is no number, nor numbers with x between them; write 64, 64x48 or 32x40x32"
        raise typer.BadParameter(msg) from None
