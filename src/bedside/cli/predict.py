"""`bedside predict`: score new rows with a finished run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedside.study.declare import Study
    from bedside.types import Floats, Json


def predict_table(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", file_okay=False)],
    table: Annotated[Path, typer.Argument(metavar="new.csv", help="CSV or Parquet with the predictors, any order.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="scores.csv", help="Where to write.", show_default="printed", dir_okay=False),
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
    before the scores. Scores come in the order of the rows.

        bedside predict runs/patients new.csv --out scores.csv
        bedside predict runs/breast_cancer new.csv --learner elastic_net
    """
    from bedside.cli import terminal
    from bedside.cli.resolve import of_run, resolve
    from bedside.modalities.tabular.reading import read
    from bedside.own_data.scoring import check_rows
    from bedside.study.predict import load

    declared = resolve(study) if study else of_run(run)
    predictor = load(declared, run, learner)
    reading = read(table)
    checked = check_rows(_profile(run), reading.table)
    for text in (*reading.notes, *(finding.text for finding in checked.findings)):
        terminal.note(text)
    columns = {
        name: [float(cell) for cell in cells] for name, cells in _cells(declared, predictor.predict(checked.rows))
    }
    if out is not None:
        _write(out, columns)
    if json:
        terminal.emit(
            {
                "run": str(run),
                "learner": predictor.learner,
                "rows": len(checked.rows),
                "findings": [finding.model_dump() for finding in checked.findings],
                **({"out": str(out)} if out else {"predictions": columns}),
            }
        )
    elif out is None:
        terminal.say(_text(columns).rstrip("\n"))
    else:
        terminal.say(f"Scores of {len(checked.rows)} rows by {predictor.learner}: {out}")


def _profile(run: Path) -> "Json":
    from bedside.errors import ModelError
    from bedside.study.folder import read_json

    profile = read_json(run / "profile.json")
    if not isinstance(profile, dict) or "schema" not in profile:
        msg = f"{run} has no profile.json of a table; only studies of tables can be asked to score a file of rows"
        raise ModelError(msg)
    return profile


def _cells(study: "Study[Any, Any, Any, Any]", predictions: list[Any]) -> "Iterable[tuple[str, Floats]]":
    return study.endpoint.cells(predictions).items()


def _text(columns: dict[str, list[float]]) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", *columns])
    for number, cells in enumerate(zip(*columns.values(), strict=True), start=1):
        writer.writerow([number, *(f"{cell:.6g}" for cell in cells)])
    return text.getvalue()


def _write(path: Path, columns: dict[str, list[float]]) -> None:
    from bedside.study.folder import RunFolder

    RunFolder(path.parent).write(path, _text(columns))
