"""`bedside run`: put a study on trial."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bedside.cli import options
from bedside.cli.named import named
from bedside.cli.own_images import OwnImages
from bedside.cli.own_outlines import OwnOutlines
from bedside.cli.own_table import OwnTable
from bedside.cli.trial import carried_out

_OWN = "Your own table"
_IMAGES = "Your own images"
_BOTH = "Your own table or images"
_TIMES = "Your own table, of times to an event"


def _declare(toml: Callable[[Path], str], folder: Path, *, tell: bool) -> None:
    """Write what was chosen before anything is trained, so that a run that was stopped can be edited; a run's stays."""
    from bedside.cli import terminal
    from bedside.study.folder import RunFolder

    declared = folder / "study.toml"
    if declared.exists() or RunFolder(folder).state.exists():
        return
    RunFolder(folder).prepare()
    RunFolder(folder).write(declared, toml(folder))
    if tell:
        terminal.say(f"all of this stands in {declared}: edit it and run it instead, if it should be otherwise")


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
    on: options.On = "local",
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
        typer.Option(
            metavar="VALUE",
            help="The value of the outcome that means yes; of --event it may be named (1=death).",
            rich_help_panel=_BOTH,
        ),
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
        str,
        typer.Option(
            metavar="TEXT",
            help='When the outcome is judged ("30 days"); with --time a number ("60").',
            rich_help_panel=_BOTH,
        ),
    ] = "",
    time: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="How long each case was watched, until the event or the last sight.",
            rich_help_panel=_TIMES,
        ),
    ] = None,
    event: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="What ended it: nothing (censored) or an event; several events compete, --positive is of interest.",
            rich_help_panel=_TIMES,
        ),
    ] = None,
    entry: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Since when it was watched, where later than 0.", rich_help_panel=_TIMES),
    ] = None,
    censored: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Values of --event that mean: nothing had happened.",
            show_default="found out",
            rich_help_panel=_TIMES,
        ),
    ] = None,
    competing: Annotated[
        str | None,
        typer.Option(
            metavar="A,B|2=A,3=B",
            help="Values that compete with the event of interest, perhaps named.",
            show_default="all events but the most frequent",
            rich_help_panel=_TIMES,
        ),
    ] = None,
    horizons: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Further times at which risks are judged.", rich_help_panel=_TIMES),
    ] = None,
    unit: Annotated[
        str,
        typer.Option(
            metavar="months",
            help="Unit of the times.",
            show_default="by the column's name",
            rich_help_panel=_TIMES,
        ),
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
    masks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Masks of the images, one file each, named alike.", rich_help_panel=_IMAGES),
    ] = None,
    structures: Annotated[
        str | None,
        typer.Option(
            metavar="A,B|2=A,5=B",
            help="What the numbers in the masks are: 1, 2 …",
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|DIR", help="Boxes in the images: PASCAL VOC folder or COCO file.", rich_help_panel=_IMAGES
        ),
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
    study.toml in the run's folder, which you may edit and run again. So it is with a folder of images, with
    labels, masks or boxes.

        bedside run breast_cancer
        bedside run heart_disease --seed 3 --out runs/heart-3
        bedside run readmission --simulated 500
        bedside run --table patients.csv --outcome died --subgroups sex,age
        bedside run --table patients.csv --time months --event died --horizon 60
        bedside run --images scans --positive malignant
        bedside run --images scans --labels labels.csv --outcome grade --grades none,mild,severe --patient person
        bedside run --images scans --masks outlines --structures anterior,posterior
        bedside run --images smears --boxes annotations
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
        of_tables=bool(table or index_time or exclude or encounters or time or event),
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
        time=time,
        event=event,
        entry=entry,
        censored=censored,
        competing=competing,
        horizons=horizons,
        unit=unit,
    )
    drawn = OwnOutlines(masks=masks, boxes=boxes, structures=structures, of_images=own)
    described = drawn if drawn.asked else own if own.asked else rows
    if described.asked == (what is not None):
        msg = (
            "give one of: the name of a study, --table FILE --outcome COLUMN, --table FILE --time COLUMN "
            "--event COLUMN, --images DIR"
        )
        raise typer.BadParameter(msg)
    asked = described.declared(trials, seed, quiet=json) if described.asked else named(what or "", trials, seed)
    study = asked.study
    if init is not None:
        from bedside.cli.begin import begun_from

        study = begun_from(study, init)
    name = study.name if init is None else f"{study.name}-from-{init.resolve().name}"
    folder = out or Path("runs") / (f"{name}-simulated" if simulated else name)
    if asked.toml is not None:
        _declare(asked.toml, folder, tell=described.asked and not json)
    evidence = carried_out(
        study,
        folder,
        seed=asked.seed,
        simulated=simulated,
        jobs=jobs,
        on=on,
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
