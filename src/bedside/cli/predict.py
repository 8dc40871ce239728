"""`bedside predict`: score new rows with a finished run."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bedside.evidence.schema import Finding
    from bedside.study.declare import Study
    from bedside.types import Floats, Json


def predict_table(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", file_okay=False)],
    table: Annotated[
        Path,
        typer.Argument(
            metavar="new.csv|DIR", help="CSV or Parquet with the predictors; of images a folder, or a CSV of paths."
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="scores.csv|FOLDER", help="Where to write; a folder for masks and boxes.", show_default="printed"
        ),
    ] = None,
    learner: Annotated[
        str, typer.Option(metavar="NAME", help="Which learner.", show_default="the model on trial")
    ] = "",
    study: Annotated[
        str, typer.Option(metavar="NAME|package.module", help="The study, when the run does not say.")
    ] = "",
    json: options.Json = False,
) -> None:
    """Score the rows of a table with the models that were evaluated.

    Units, categories and ranges are checked against the data that the models were fitted on: what differs is said
    before the scores. Scores come in the order of the rows. Images are scored in the order of their paths, or of the
    CSV that names them; one that cannot be scored keeps its row, with the reason and without a score.

    Masks are written as PNG, of volumes as NIfTI on the image's own grid, with labels.json; boxes as boxes.json, in the
    form of COCO, and boxes.csv. They need a new folder as --out; images.csv there tells what came of each image.

        bedside predict runs/patients new.csv --out scores.csv
        bedside predict runs/breast_cancer new.csv --learner elastic_net
        bedside predict runs/scans new_scans --out scores.csv
        bedside predict runs/outlined_scans new_scans --out outlines
    """
    from bedside.cli import terminal
    from bedside.cli.begin import as_run
    from bedside.cli.resolve import of_run, resolve
    from bedside.study.predict import load

    declared = as_run(resolve(study) if study else of_run(run), learner)
    predictor = load(declared, run, learner)
    profile = _profile(run)
    drawn = _refuse_out(declared, out)
    asked = _rows(profile, table) if "schema" in profile else _images(declared, profile, table)
    for text in (*asked.notes, *(finding.text for finding in asked.findings)):
        terminal.note(text)
    predictions = predictor.predict(asked.predictors)
    scores = {name: iter(cells.tolist()) for name, cells in _cells(declared, predictions)}
    columns: dict[str, list[Any]] = {
        name: [None if problem else next(cells) for problem in asked.problems] for name, cells in scores.items()
    }
    if any(asked.problems):
        columns["problem"] = [problem or None for problem in asked.problems]
    if out is not None and drawn:
        columns = _drawn(declared, asked, predictions, out) | columns
        out = out / "images.csv"
    if out is not None:
        _write(out, asked.names, columns)
    if json:
        terminal.emit(
            {
                "run": str(run),
                "learner": predictor.learner,
                "rows": len(asked.problems),
                "findings": [finding.model_dump() for finding in asked.findings],
                **({"out": str(out)} if out else {"predictions": columns}),
                **({} if out or asked.names is None else {"images": asked.names}),
            }
        )
    elif out is None:
        terminal.say(_text(asked.names, columns).rstrip("\n"))
    else:
        what = "rows" if asked.names is None else "images"
        words, where = ("Drawings in", out.parent) if drawn else ("Scores of", out)
        terminal.say(f"{words} {len(asked.predictors)} {what} by {predictor.learner}: {where}")


@dataclass(frozen=True)
class Asked:
    """Cases that are to be scored.

    Attributes:
        predictors: Of the cases that can be.
        problems: Why a case cannot be, "" where it can; one a case that was asked for.
        findings: What is unlike development.
        notes: Of reading.
        names: Of the cases; None where they are numbered.
    """

    predictors: "Sequence[Any]"
    problems: "Sequence[str]"
    findings: "Sequence[Finding]"
    notes: "Sequence[str]" = ()
    names: "Sequence[str] | None" = None


def _refuse_out(study: "Study[Any, Any, Any, Any]", out: Path | None) -> bool:
    """Whether a folder is written; raises BadParameter where `out` is not what the study needs."""
    from bedside.own_data.outlines.written import lies_in_images

    drawn = lies_in_images(study.endpoint)
    if drawn and out is None:
        msg = "masks and boxes are written into a folder; name a new one with --out FOLDER"
        raise typer.BadParameter(msg)
    if drawn and out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        msg = f"--out {out} exists and is not empty; name a new folder, so that nothing is overwritten"
        raise typer.BadParameter(msg)
    if not drawn and out is not None and out.is_dir():
        msg = f"--out {out} is a folder; name a file such as {out / 'scores.csv'}"
        raise typer.BadParameter(msg)
    return drawn


def _drawn(
    study: "Study[Any, Any, Any, Any]", asked: Asked, predictions: list[Any], folder: Path
) -> dict[str, list[Any]]:
    """Write masks or boxes; the column of their files."""
    from bedside.own_data.outlines.written import Answered, write_drawn

    names = asked.names or [str(number + 1) for number in range(len(asked.problems))]
    usable = [name for name, problem in zip(names, asked.problems, strict=True) if not problem]
    answers = [Answered(*each) for each in zip(usable, asked.predictors, predictions, strict=True)]
    files = write_drawn(study.endpoint, answers, folder, numbers=getattr(study.source, "numbers", ()))
    return {"file": [files.get(name) for name in names]}


def _rows(profile: "Json", table: Path) -> Asked:
    from bedside.modalities.tabular.reading import read
    from bedside.own_data.scoring import check_rows

    reading = read(table)
    checked = check_rows(profile, reading.table)
    return Asked(checked.rows, [""] * len(checked.rows), checked.findings, reading.notes)


def _images(study: "Study[Any, Any, Any, Any]", profile: "Json", where: Path) -> Asked:
    from bedside.own_data.images.scoring import new_images

    found = new_images(where, getattr(study.source, "plan", None))
    compare = study.modality.compare
    findings = compare(profile, found.usable) if compare is not None else ()
    wrong = sum(map(bool, found.problems))
    notes = [f"{wrong} of {len(found.problems)} images cannot be scored; the column problem says why"] if wrong else []
    return Asked(found.usable, found.problems, findings, notes, found.names)


def _profile(run: Path) -> "dict[str, Json]":
    from bedside.errors import ModelError
    from bedside.study.folder import read_json

    profile = read_json(run / "profile.json")
    if not isinstance(profile, dict) or not ("schema" in profile or "dimensions" in profile):
        msg = f"{run} has no profile.json of a table or of images; only studies of those can score new files"
        raise ModelError(msg)
    return profile


def _cells(study: "Study[Any, Any, Any, Any]", predictions: list[Any]) -> "Iterable[tuple[str, Floats]]":
    from bedside.endpoints.columns import flat

    endpoint = study.endpoint
    return flat((endpoint.told or endpoint.cells)(predictions)).items()


def _text(names: "Sequence[str] | None", columns: dict[str, list[Any]]) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row" if names is None else "image", *columns])
    for number, cells in enumerate(zip(*columns.values(), strict=True)):
        shown = ("" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else cell for cell in cells)
        writer.writerow([number + 1 if names is None else names[number], *shown])
    return text.getvalue()


def _write(path: Path, names: "Sequence[str] | None", columns: dict[str, list[Any]]) -> None:
    from bedside.study.folder import RunFolder

    RunFolder(path.parent).write(path, _text(names, columns))
