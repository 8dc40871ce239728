"""A table of one's own, as options describe it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

import typer

from bedside.cli.asked import Asked, names_in, told

_TRIALS = 10
"""Settings tried for every learner, unless asked otherwise."""


@dataclass(frozen=True)
class OwnTable:
    """The options that describe a table without code."""

    table: Path | None
    outcome: str | None
    positive: str | None
    patient: str | None
    site: str | None
    subgroups: str | None
    index_time: str | None
    horizon: str
    exclude: str | None
    encounters: bool
    endpoint: str | None
    encoding: str
    separator: str

    @property
    def asked(self) -> bool:
        """Whether any of them was given."""
        return any(bool(getattr(self, field.name)) for field in fields(self))

    def declared(self, trials: int | None, seed: int | None, *, quiet: bool) -> Asked:
        """The study that the table gives; says what was inferred."""
        if self.table is None or self.outcome is None:
            msg = "a table of your own needs both --table FILE and --outcome COLUMN"
            raise typer.BadParameter(msg)
        from typing import get_args

        from bedside.modalities.tabular.reading import Format
        from bedside.own_data.outcome import Kind
        from bedside.own_data.table import study_from_table

        if self.endpoint is not None and self.endpoint not in get_args(Kind):
            msg = f"--endpoint {self.endpoint!r} is no kind of outcome; give {', '.join(get_args(Kind))}"
            raise typer.BadParameter(msg)
        made = study_from_table(
            self.table,
            outcome=self.outcome,
            positive=self.positive,
            patient=self.patient,
            site=self.site,
            subgroups=names_in(self.subgroups),
            index_time=self.index_time,
            horizon=self.horizon,
            exclude=names_in(self.exclude),
            differs_within_patient=self.encounters,
            endpoint=cast("Kind | None", self.endpoint),
            form=Format(encoding=self.encoding, separator=self.separator),
            seed=seed or 0,
            trials=trials or _TRIALS,
        )
        return told(made, quiet=quiet)
