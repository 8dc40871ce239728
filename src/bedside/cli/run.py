"""`bedside run`: put a study on trial."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from bedside.evidence.schema import Evidence
    from bedside.study.declare import Study

_OWN = "Your own table"
_IMAGES = "Your own images"
_BOTH = "Your own table or images"
_TRIALS = 10
"""Settings tried for every learner of a table of one's own, unless asked otherwise."""
_IMAGE_TRIALS = 3
"""The same for images, whose networks take minutes."""


def run_study(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|study.toml|package.module", help="The study; left out when --table or --images is given."
        ),
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the run.", show_default="runs/NAME", file_okay=False)
    ] = None,
    seed: options.Seed = None,
    simulated: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Run on N simulated records instead of real data.")
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Settings tried for every learner.", show_default="as declared"),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="Begin the network from the encoder of an earlier run, beside one from scratch."
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Tasks at once; results do not depend on it.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run of something else in the same folder.")
    ] = False,
    accept_checksum: Annotated[
        list[str] | None,
        typer.Option(metavar="SHA256", help="Use a data file that is not the published one; the report says so."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV or Parquet, one row a case.", rich_help_panel=_OWN)
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="What is predicted; of images A,B for findings.", rich_help_panel=_BOTH),
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(metavar="VALUE", help="The value of the outcome that means yes.", rich_help_panel=_BOTH),
    ] = None,
    patient: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Whose row it is, when patients repeat.", rich_help_panel=_BOTH)
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Hospital or unit; adds leave-one-site-out.", rich_help_panel=_BOTH),
    ] = None,
    subgroups: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Columns by which every measure is broken down.", rich_help_panel=_BOTH),
    ] = None,
    index_time: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Moment of prediction; adds a temporal validation.", rich_help_panel=_OWN),
    ] = None,
    horizon: Annotated[
        str, typer.Option(metavar="TEXT", help='When the outcome is judged ("30 days").', rich_help_panel=_BOTH)
    ] = "",
    exclude: Annotated[
        str | None, typer.Option(metavar="A,B", help="Columns that are not predictors.", rich_help_panel=_OWN)
    ] = None,
    encounters: Annotated[
        bool,
        typer.Option(
            "--encounters", help="Rows of one patient are encounters, each with its own outcome.", rich_help_panel=_OWN
        ),
    ] = False,
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Kind of outcome: binary, multiclass or continuous; of images also ordinal or multilabel.",
            show_default="inferred from the column",
            rich_help_panel=_BOTH,
        ),
    ] = None,
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="Encoding of a CSV file, if not UTF-8.", rich_help_panel=_BOTH)
    ] = "",
    separator: Annotated[
        str, typer.Option(metavar="CHAR", help="Separator of a CSV file, if not found.", rich_help_panel=_BOTH)
    ] = "",
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Images in one sub-folder a class, or with --labels.", rich_help_panel=_IMAGES
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV or Parquet that names images and labels.", rich_help_panel=_IMAGES),
    ] = None,
    grades: Annotated[
        str | None,
        typer.Option(metavar="LOW,…,HIGH", help="Ordered classes, the lowest first.", rich_help_panel=_IMAGES),
    ] = None,
    size: Annotated[
        str,
        typer.Option(
            metavar="N|NxN",
            help="Pixels that the network sees along each axis.",
            show_default="at most 64, volumes 32",
            rich_help_panel=_IMAGES,
        ),
    ] = "",
    spacing: Annotated[
        str, typer.Option(metavar="MM|MMxMM", help="Millimetres between those pixels.", rich_help_panel=_IMAGES)
    ] = "",
    orientation: Annotated[
        str, typer.Option(metavar="RAS", help="Where the axes of volumes are turned to.", rich_help_panel=_IMAGES)
    ] = "",
    flips: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Mirror while training, where anatomy allows it: left-right, up-down, front-back.",
            rich_help_panel=_IMAGES,
        ),
    ] = "",
    json: options.Json = False,
) -> None:
    """Train a model, try it against its comparators, and write the evidence and the report.

    The study is an application (see `bedside list`), a study.toml, or a Python module that has `study()`. A table of
    your own needs no study: kinds of columns are inferred and shown before anything is trained, and written to
    study.toml in the run's folder, which you may edit and run again. So it is with a folder of images.

        bedside run breast_cancer
        bedside run heart_disease --seed 3 --out runs/heart-3
        bedside run readmission --simulated 500
        bedside run --table patients.csv --outcome died --subgroups sex,age
        bedside run --images scans --positive malignant
        bedside run --images scans --labels labels.csv --outcome grade --grades none,mild,severe --patient person
        bedside run runs/patients/study.toml
        bedside run my_package.my_study
        bedside run pneumonia_xray --init runs/breast_ultrasound

    The folder then holds report.html, evidence.json, predictions.parquet and the fitted models. Ctrl-C stops a run;
    the same command resumes it and ends in the same evidence.
    """
    from bedside.cli import terminal

    own = OwnImages(
        images=images,
        labels=labels,
        grades=grades,
        size=size,
        spacing=spacing,
        orientation=orientation,
        flips=flips,
        outcome=outcome,
        positive=positive,
        patient=patient,
        site=site,
        subgroups=subgroups,
        horizon=horizon,
        endpoint=endpoint,
        encoding=encoding,
        separator=separator,
        of_tables=bool(table or index_time or exclude or encounters),
    )
    rows = OwnTable(
        table=table,
        outcome=outcome,
        positive=positive,
        patient=patient,
        site=site,
        subgroups=subgroups,
        index_time=index_time,
        horizon=horizon,
        exclude=exclude,
        encounters=encounters,
        endpoint=endpoint,
        encoding=encoding,
        separator=separator,
    )
    described = own if own.asked else rows
    if described.asked == (what is not None):
        msg = "give one of: the name of a study, --table FILE --outcome COLUMN, --images DIR"
        raise typer.BadParameter(msg)
    asked = described.declared(trials, seed, quiet=json) if described.asked else _declared(what or "", trials, seed)
    study = asked.study
    if init is not None:
        from bedside.cli.begin import begun_from

        study = begun_from(study, init)
    name = study.name if init is None else f"{study.name}-from-{init.resolve().name}"
    folder = out or Path("runs") / (f"{name}-simulated" if simulated else name)
    evidence = _run(
        study,
        folder,
        seed=asked.seed,
        simulated=simulated,
        jobs=jobs,
        overwrite=overwrite,
        accept=tuple(accept_checksum or ()),
    )
    if asked.toml is not None:
        from bedside.study.folder import RunFolder

        RunFolder(folder).write(folder / "study.toml", asked.toml(folder))
    from bedside.report.page import write_report

    page = write_report(folder)
    if json:
        from bedside.cli.verdict import summary

        terminal.emit(summary(evidence, folder, page))
        return
    from bedside.cli.verdict import show

    show(evidence, page)


@dataclass(frozen=True)
class Asked:
    """What is to be run.

    Attributes:
        toml: The text of a study.toml for a folder, when the study is of a table; None otherwise.
    """

    study: "Study[Any, Any, Any, Any]"
    seed: int
    toml: Callable[[Path], str] | None = None


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

        from bedside.cli import terminal
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
            subgroups=_names(self.subgroups),
            index_time=self.index_time,
            horizon=self.horizon,
            exclude=_names(self.exclude),
            differs_within_patient=self.encounters,
            endpoint=cast("Kind | None", self.endpoint),
            form=Format(encoding=self.encoding, separator=self.separator),
            seed=seed or 0,
            trials=trials or _TRIALS,
        )
        for text in made.notes:
            terminal.note(text) if quiet else terminal.say(text)
        return Asked(made.study, made.seed, made.toml_for)


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
            outcome=_names(self.outcome),
            patient=self.patient,
            site=self.site,
            subgroups=_names(self.subgroups),
            horizon=self.horizon,
            positive=self.positive,
            endpoint=_one_of(self.endpoint, "ImageEndpoint", "--endpoint"),
            grades=_names(self.grades),
            size=_sides("--size", self.size, int),
            spacing=_sides("--spacing", self.spacing, float),
            orientation=self.orientation.upper(),
            flips=tuple(_one_of(flip, "Flip", "--flips") for flip in _names(self.flips)),
            form=Format(encoding=self.encoding, separator=self.separator),
            seed=seed or 0,
            trials=trials or _IMAGE_TRIALS,
        )
        for text in made.notes:
            terminal.note(text) if quiet else terminal.say(text)
        return Asked(made.study, made.seed, made.toml_for)


def _one_of(given: str | None, kind: str, option: str) -> Any:  # noqa: ANN401 - one of a literal type's words, or None
    """What was given, when it is one of the words that a declaration of images allows."""
    from typing import get_args

    from bedside.own_data.images import declaration

    allowed = get_args(getattr(declaration, kind))
    if given is not None and given not in allowed:
        msg = f"{option} {given!r} is not known; give {', '.join(allowed)}"
        raise typer.BadParameter(msg)
    return given


def _sides(option: str, text: str, number: Callable[[str], Any]) -> tuple[Any, ...]:
    """Numbers along axes: "64" or "64x48"."""
    try:
        return tuple(number(part) for part in text.lower().split("x")) if text else ()
    except ValueError:
        msg = f"{option} {text!r} is no number, nor numbers with x between them; write 64, 64x48 or 32x40x32"
        raise typer.BadParameter(msg) from None


def _base(word: str) -> str:
    """A word of the command without the folders of a path, which may name people."""
    return Path(word).name if "/" in word or "\\" in word else word


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _declared(what: str, trials: int | None, seed: int | None) -> Asked:
    """A study that was given by name."""
    from bedside.cli.resolve import resolve

    study = resolve(what)
    if trials is not None:
        study = _with_trials(study, trials)
    if not what.endswith(".toml"):
        return Asked(study, seed or 0)
    from bedside.own_data.toml import declaration, moved

    path = Path(what)
    declared = declaration(path)
    chosen = declared.study.seed if seed is None else seed
    kept = declared.study.model_copy(update={"seed": chosen, "trials": study.trials})

    def toml(folder: Path) -> str:
        return moved(declared.model_copy(update={"study": kept}), path.parent, folder)

    return Asked(study, chosen, toml)


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
    accept: tuple[str, ...],
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
                accept=accept,
                command=shlex.join(["bedside", *(_base(word) for word in sys.argv[1:])]),
            )
    except KeyboardInterrupt:
        terminal.complain(f"stopped; what is finished is kept in {folder}: run the same command again to resume")
        raise typer.Exit(STOPPED) from None
