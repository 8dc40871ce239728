"""`bedside readers`: blinded reading lists, and readings judged beside a model."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedside.cli import failure, options

if TYPE_CHECKING:
    from bedside.evidence.readers import ReaderEvidence
    from bedside.study.reader_conduct import Conduct

HELP = """Reader studies: give each reader a blinded list, then judge what was read.

    bedside readers list cases.csv --readers ana,ben --key key.csv
    bedside readers judge readings.csv --reference truth.csv

Readers are judged against a reference standard, beside one another and, where there is one, beside a model.
"""

app = typer.Typer(name="readers", help=failure.literal(HELP), no_args_is_help=True, rich_markup_mode="rich")


def make_list(
    cases: Annotated[Path, typer.Argument(metavar="CASES.csv", help="CSV with a column `case`.", dir_okay=False)],
    *,
    readers: Annotated[str, typer.Option(metavar="NAME,NAME …", help="Who reads.")],
    key: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the key goes; not where readers can open it.", dir_okay=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for the lists.", file_okay=False)] = Path("lists"),
    aided: Annotated[
        bool, typer.Option("--aided", help="Read each case twice, without and with the model (crossover).")
    ] = False,
    washout: Annotated[
        int, typer.Option(metavar="DAYS", min=1, help="Days between the two sessions of a crossover.")
    ] = 28,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Repeats a list; whoever knows it can break the blinding.", show_default="drawn"),
    ] = None,
    json: options.Json = False,
) -> None:
    """Make a blinded, randomised reading list for each reader.

    Every reader has an order and codes of the reader's own; what a code stands for is written to the key alone. With
    --aided a random half of the cases is read first without, the other first with the model, mirrored between readers.
    Readers fill in the column `reading`; `bedside readers judge` takes the lists and the key.

        bedside readers list cases.csv --readers ana,ben --key key.csv
        bedside readers list cases.csv --readers ana,ben --key key.csv --aided --washout 42
    """
    from bedside.cli import terminal
    from bedside.study.reading_list import blind_list, read_cases, write_lists

    names = [name.strip() for name in readers.split(",")]
    made = blind_list(read_cases(cases), names, seed=seed, aided=aided, washout_days=washout)
    paths = write_lists(made, out, key)
    if json:
        terminal.emit({"lists": [str(path) for path in paths], "key": str(key), "readings": len(made.items)})
        return
    for path in paths:
        terminal.say(f"List: {path}")
    terminal.say(f"Key: {key} (keep it from the readers)")


def judge(
    readings: Annotated[
        list[Path],
        typer.Argument(
            metavar="READINGS.csv …", help="CSV of case, reader, reading and optionally arm.", dir_okay=False
        ),
    ],
    *,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV of case, truth and optionally patient.",
            show_default="a truth column of the readings, or the outcome in --run",
            dir_okay=False,
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Key of blinded lists; READINGS are the lists.", dir_okay=False)
    ] = None,
    scale: Annotated[
        str,
        typer.Option(
            metavar="call|probability|LOW-HIGH|category",
            help="What a reading is; ratings as a range: 1-5.",
            show_default="category where the truth is in three or more words, else call",
        ),
    ] = "",
    categories: Annotated[
        str,
        typer.Option(
            metavar="NAME,NAME …",
            help="Unordered categories that a reading may be.",
            show_default="those of the reference standard",
        ),
    ] = "",
    threshold: Annotated[
        float | None, typer.Option(help="Graded readings from here on are positive calls.", show_default="no calls")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Compare with the model of this finished run.", file_okay=False)
    ] = None,
    learner: Annotated[
        str, typer.Option(metavar="NAME", help="Which learner of the run.", show_default="the model on trial")
    ] = "",
    validation: Annotated[
        str, typer.Option(metavar="NAME", help="Which validation of the run.", show_default="the primary one")
    ] = "",
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare with predictions from a CSV of case, prediction.", dir_okay=False),
    ] = None,
    model_threshold: Annotated[
        float | None,
        typer.Option(help="Predictions of --model from here on are positive calls.", show_default="no calls"),
    ] = None,
    made_reference: Annotated[
        str, typer.Option(metavar="NAME,NAME …", help="Readers whose own readings made the reference standard.")
    ] = "",
    pooled: Annotated[
        str, typer.Option(metavar="NAME,NAME …", help="Names that stand for several people who each read a part.")
    ] = "",
    reference_standard: Annotated[
        str, typer.Option(metavar="TEXT", help="How the reference standard was made, by whom, blinded to what.")
    ] = "",
    primary: Annotated[
        str,
        typer.Option(metavar="MEASURE", help="Measure whose contrast was declared primary.", show_default="none"),
    ] = "",
    title: Annotated[str, typer.Option(metavar="TEXT", help="Title of the page.")] = "Reader study",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results.", show_default="RUN, else readers", file_okay=False)
    ] = None,
    seed: options.Seed = None,
    json: options.Json = False,
) -> None:
    """Judge readings: each reader, agreement, the model against readers and panel, reading without and with the model.

    Writes readers.json and readers.html. With --run and without --out they go into the run's folder, and kappa and
    other agreement into its evidence.json. Readers who read different cases are judged on what they read; an analysis
    that generalises to other readers is then refused, with the reason.

        bedside readers judge readings.csv --reference truth.csv
        bedside readers judge readings.csv --run runs/breast_cancer --scale 1-5 --threshold 4
        bedside readers judge readings.csv --reference truth.csv --categories "sinus,AF,flutter,other"
        bedside readers judge lists/ana.csv lists/ben.csv --key key.csv --reference truth.csv
    """
    from bedside.cli import terminal
    from bedside.report.readers import write_readers
    from bedside.study.reader_conduct import Conduct
    from bedside.study.readers import add_to_run, write_evidence

    if run is not None and model is not None:
        msg = "give either --run RUN or --model FILE"
        raise typer.BadParameter(msg)
    conduct = Conduct(
        title=title,
        reference=reference_standard,
        made_reference=_names(made_reference),
        pooled=_names(pooled),
        primary=primary,
    )
    given = _Given(tuple(readings), reference, key, run, (learner, validation), model)
    if _in_categories(given, scale, categories):
        if threshold is not None or model_threshold is not None:
            msg = "categories have no order, and so no threshold; leave --threshold and --model-threshold away"
            raise typer.BadParameter(msg)
        found = _judge_categories(given, _names(categories), conduct, seed or 0)
    else:
        found = _judge_scale(given, scale or "call", (threshold, model_threshold), conduct, seed or 0)
    into_run = run is not None and out is None
    folder = run if run is not None and out is None else out or Path("readers")
    written = add_to_run(found, folder) if into_run else write_evidence(found, folder)
    page = write_readers(folder)
    if json:
        terminal.emit({"verdict": found.verdict, "evidence": str(written), "page": str(page)})
        return
    _show(found)
    terminal.say(f"\nEvidence: {written}\nPage: {page}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@dataclass(frozen=True)
class _Given:
    """Files of a reader study as named on the command line; `which` is the learner and the validation."""

    readings: tuple[Path, ...]
    reference: Path | None
    key: Path | None
    run: Path | None
    which: tuple[str, str]
    model: Path | None


def _in_categories(given: _Given, scale: str, categories: str) -> bool:
    """Whether readings are unordered categories: declared, or told by the reference standard or the run's classes."""
    if categories and scale not in {"", "category"}:
        msg = f"--categories are unordered, --scale {scale} is not; give one of the two"
        raise typer.BadParameter(msg)
    if categories or scale:
        return scale in {"", "category"}
    if given.run is not None and given.reference is None:
        from bedside.report.page import read_evidence

        return len(read_evidence(given.run).study.classes) > 2
    from bedside.data.category_readings import in_words

    return in_words((given.reference,) if given.reference is not None else given.readings)


def _judge_categories(given: _Given, categories: tuple[str, ...], conduct: "Conduct", seed: int) -> "ReaderEvidence":
    from bedside.data.category_readings import read_category_readings, read_category_reference
    from bedside.report.page import read_evidence
    from bedside.study import category_model
    from bedside.study.category_readers import judge_categories
    from bedside.study.reading_list import read_key

    beside = category_model.from_run(given.run, read_evidence(given.run), *given.which) if given.run else None
    names = categories or (beside.categories if beside else ())
    truth = read_category_reference(given.reference, names) if given.reference else beside.reference if beside else None
    key = read_key(given.key) if given.key else None
    table = read_category_readings(given.readings, names, reference=truth, key=key)
    if given.model is not None:
        beside = category_model.from_file(given.model, table.categories)
    return judge_categories(table, beside, conduct=conduct, seed=seed)


def _judge_scale(
    given: _Given, scale: str, thresholds: tuple[float | None, float | None], conduct: "Conduct", seed: int
) -> "ReaderEvidence":
    from bedside.data import readings as data
    from bedside.report.page import read_evidence
    from bedside.study.model_readings import from_file, from_run
    from bedside.study.readers import judge_readings
    from bedside.study.reading_list import read_key

    beside = from_run(given.run, read_evidence(given.run), *given.which) if given.run else None
    if given.model is not None:
        beside = from_file(given.model, threshold=thresholds[1])
    truth = data.read_reference(given.reference) if given.reference else beside.reference if beside else None
    key = read_key(given.key) if given.key else None
    table = data.read_readings(given.readings, data.scale(scale, thresholds[0]), reference=truth, key=key)
    return judge_readings(table, beside, conduct=conduct, seed=seed)


def _show(found: "ReaderEvidence") -> None:
    from rich.markup import escape
    from rich.table import Table

    from bedside.cli import terminal

    terminal.tell(found.verdict, style="bold")
    for text in found.limits:
        terminal.tell(text, style="yellow")
    shown_rows = [row for row in found.performance if not row.category]
    hidden = set() if found.category_cases else {"accuracy"}
    measures = [name for name in dict.fromkeys(row.measure for row in shown_rows) if name not in hidden]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("reader", "arm", *measures):
        table.add_column(heading)
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for row in shown_rows:
        shown = "not estimable"
        if row.value is not None:
            shown = f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"
        rows.setdefault((row.judge, row.arm), {})[row.measure] = shown
    for (who, arm), values in rows.items():
        table.add_row(escape(who), escape(arm), *[escape(values.get(measure, "")) for measure in measures])
    terminal.output().print(table)


for _command, _name in ((make_list, "list"), (judge, "judge")):
    app.command(_name, help=failure.literal(_command.__doc__ or ""))(_command)
