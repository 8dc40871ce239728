"""`bedside run`: put a study on trial."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from bedside.evidence.schema import Evidence
    from bedside.study.declare import Study

_OWN = "Your own table"


def run_study(
    what: Annotated[
        str | None,
        typer.Argument(metavar="NAME|study.toml|package.module", help="The study; left out when --table is given."),
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the run.", show_default="runs/NAME", file_okay=False)
    ] = None,
    seed: options.Seed = 0,
    simulated: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Run on N simulated records instead of real data.")
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Settings tried for every learner.", show_default="as declared"),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Tasks at once; results do not depend on it.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run of something else in the same folder.")
    ] = False,
    table: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV or Parquet, one row a case.", rich_help_panel=_OWN)
    ] = None,
    outcome: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="What is predicted.", rich_help_panel=_OWN)
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(metavar="VALUE", help="The value of the outcome that means yes.", rich_help_panel=_OWN),
    ] = None,
    patient: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Whose row it is, when patients repeat.", rich_help_panel=_OWN)
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Hospital or unit; adds leave-one-site-out.", rich_help_panel=_OWN),
    ] = None,
    subgroups: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Columns by which every measure is broken down.", rich_help_panel=_OWN),
    ] = None,
    index_time: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Moment of prediction; adds a temporal validation.", rich_help_panel=_OWN),
    ] = None,
    horizon: Annotated[
        str, typer.Option(metavar="TEXT", help='When the outcome is judged ("30 days").', rich_help_panel=_OWN)
    ] = "",
    exclude: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns that are not predictors.", rich_help_panel=_OWN)
    ] = None,
    json: options.Json = False,
) -> None:
    """Train a model, try it against its comparators, and write the evidence and the report.

    The study is an application (see `bedside list`), a study.toml, or a Python module that has `study()`. A table of
    your own needs no study: kinds of columns are inferred and shown before anything is trained, and written to
    study.toml in the run's folder, which you may edit and run again.

        bedside run breast_cancer
        bedside run heart_disease --seed 3 --out runs/heart-3
        bedside run readmission --simulated 500
        bedside run --table patients.csv --outcome died --subgroups sex,age
        bedside run runs/patients/study.toml
        bedside run my_package.my_study

    The folder then holds report.html, evidence.json, predictions.parquet and the fitted models. Ctrl-C stops a run;
    the same command resumes it and ends in the same evidence.
    """
    from bedside.cli import terminal

    own = _OwnTable(table, outcome, positive, patient, site, subgroups, index_time, horizon, exclude)
    if own.asked == (what is not None):
        msg = "give either the name of a study or --table FILE --outcome COLUMN"
        raise typer.BadParameter(msg)
    study, toml = own.study(quiet=json) if own.asked else (_resolve(what or ""), "")
    if trials is not None:
        study = _with_trials(study, trials)
    folder = out or Path("runs") / (f"{study.name}-simulated" if simulated else study.name)
    evidence = _run(study, folder, seed=seed, simulated=simulated, jobs=jobs, overwrite=overwrite)
    if toml:
        from bedside.study.folder import RunFolder

        RunFolder(folder).write(folder / "study.toml", toml)
    from bedside.report.page import write_report

    page = write_report(folder)
    if json:
        from bedside.cli.verdict import summary

        terminal.emit(summary(evidence, folder, page))
        return
    from bedside.cli.verdict import show

    show(evidence, page)


@dataclass(frozen=True)
class _OwnTable:
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

    @property
    def asked(self) -> bool:
        return any((self.table, self.outcome, self.positive, self.patient, self.site, self.subgroups, self.index_time))

    def study(self, *, quiet: bool) -> "tuple[Study[Any, Any, Any, Any], str]":
        """The study that the table gives, with its study.toml; says what was inferred."""
        if self.table is None or self.outcome is None:
            msg = "a table of your own needs both --table FILE and --outcome COLUMN"
            raise typer.BadParameter(msg)
        from bedside.cli import terminal
        from bedside.own_data.table import study_from_table

        made = study_from_table(
            self.table,
            outcome=self.outcome,
            positive=self.positive,
            patient=self.patient,
            site=self.site,
            subgroups=_names(self.subgroups),
            index_time=self.index_time,
            horizon=self.horizon,
            exclude=_names(self.exclude),
        )
        for text in made.notes:
            terminal.note(text) if quiet else terminal.say(text)
        return made.study, made.toml


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _resolve(what: str) -> "Study[Any, Any, Any, Any]":
    from bedside.cli.resolve import resolve

    return resolve(what)


def _with_trials(study: "Study[Any, Any, Any, Any]", trials: int) -> "Study[Any, Any, Any, Any]":
    """The same study with another number of trials, the same for every learner."""
    from dataclasses import replace

    from bedside.training.tuned import Tuned

    model, *comparators = (
        replace(learner, trials=trials) if isinstance(learner, Tuned) else learner for learner in study.learners
    )
    return replace(study, model=model, comparators=tuple(comparators), trials=trials)


def _run(
    study: "Study[Any, Any, Any, Any]",
    folder: Path,
    *,
    seed: int,
    simulated: int | None,
    jobs: int | None,
    overwrite: bool,
) -> "Evidence":
    from bedside.cli import terminal
    from bedside.cli.failure import STOPPED
    from bedside.data.files import data_root
    from bedside.study.run import run

    try:
        with terminal.progress() as progress:
            return run(
                study,
                out=folder,
                root=data_root(),
                seed=seed,
                simulated=simulated,
                jobs=jobs,
                progress=progress,
                overwrite=overwrite,
                command=shlex.join(["bedside", *sys.argv[1:]]),
            )
    except KeyboardInterrupt:
        terminal.complain(f"stopped; what is finished is kept in {folder}: run the same command again to resume")
        raise typer.Exit(STOPPED) from None
