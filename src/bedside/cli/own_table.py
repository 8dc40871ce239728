"""A table of one's own, as options describe it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from bedside.cli.asked import Asked, names_in, told

if TYPE_CHECKING:
    from bedside.own_data.follow_up import Watch

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
    time: str | None = None
    event: str | None = None
    entry: str | None = None
    censored: str | None = None
    competing: str | None = None
    horizons: str | None = None
    unit: str = ""

    @property
    def asked(self) -> bool:
        """Whether any of them was given."""
        return any(bool(getattr(self, field.name)) for field in fields(self))

    def declared(self, trials: int | None, seed: int | None, *, quiet: bool) -> Asked:
        """The study that the table gives; says what was inferred."""
        watch = self._watch()
        if self.table is None or (self.outcome is None and watch is None):
            msg = "a table of your own needs --table FILE and --outcome COLUMN, or --time COLUMN and --event COLUMN"
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
            watch=watch,
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

    def _watch(self) -> "Watch | None":
        """The columns of a time to an event, where they were named; raises BadParameter where one of them lacks."""
        if self.time is None and self.event is None:
            given = [name for name in ("entry", "censored", "competing", "horizons", "unit") if getattr(self, name)]
            if given:
                msg = f"--{given[0]} belongs to a time to an event; name its columns with --time and --event"
                raise typer.BadParameter(msg)
            return None
        if self.outcome is not None:
            msg = "--outcome names a result known at one time, --time and --event one that is watched for; give one"
            raise typer.BadParameter(msg)
        if self.time is None or self.event is None:
            lacks = "--time, how long each case was watched" if self.time is None else "--event, what ended the watch"
            msg = f"a time to an event needs both --time and --event; missing is the column of {lacks}"
            raise typer.BadParameter(msg)
        if self.endpoint is not None:
            msg = (
                f"--time and --event make a time to an event, --endpoint {self.endpoint} another outcome; leave one out"
            )
            raise typer.BadParameter(msg)
        from bedside.own_data.follow_up import Watch

        return Watch(
            time=self.time,
            event=self.event,
            entry=self.entry or "",
            censored=names_in(self.censored),
            competing=names_in(self.competing),
            horizons=names_in(self.horizons),
            unit=self.unit,
        )
