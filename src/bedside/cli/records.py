"""`bedside records`: health records of any layout as one table of events."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedside.cli import failure, options, records_cohort, records_simulate

if TYPE_CHECKING:
    from bedside.modalities.records.events.describe import Description, Matter
    from bedside.modalities.records.events.reader import Reader

HELP = """Records over time: turn any source into one table of events, and see what is in it.

    bedside records convert --from fhir export/ --out events
    bedside records describe events
    bedside records cohort cohort.toml events --out cohorts/mine
    bedside records simulate --patients 2000 --out events

The table has the layout of MEDS 0.4, with units turned into one a code and everything doubtful flagged and counted.
"""

app = typer.Typer(name="records", help=failure.literal(HELP), no_args_is_help=True, rich_markup_mode="rich")


def _moment(text: str) -> datetime:
    """A day means its last moment."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        reason = f"{text!r} is no date; write 2024-12-31, or 2024-12-31T18:00"
        raise typer.BadParameter(reason) from error
    if moment.tzinfo is not None:
        reason = "leave out the zone: records have the clock of their source"
        raise typer.BadParameter(reason)
    return moment + timedelta(days=1, microseconds=-1) if len(text.strip()) <= 10 else moment


def convert_records(
    source: Annotated[Path, typer.Argument(metavar="PATH", help="File or folder of the source.")],
    *,
    layout: Annotated[
        str,
        typer.Option("--from", metavar="LAYOUT", help="How the source is laid out; a wrong word lists all layouts."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to make.", file_okay=False)],
    mapped: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE.toml",
            help="What the columns mean, for --from long_csv.",
            dir_okay=False,
            exists=True,
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            parser=_moment,
            help="Until when the source reaches; later events are flagged.",
            show_default="as the layout knows, else now",
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a table of events that lies there.")] = False,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Processes at once; changes no result.", show_default="all processors"),
    ] = None,
    on: options.On = "local",
    json: options.Json = False,
) -> None:
    """Convert a source of records into a table of events.

    Nothing is dropped in silence: what is doubtful is flagged in the table, what could not be read is counted. The
    folder appears whole or not at all, and the same source gives the same bytes.

        bedside records convert --from mimic_iv mimic/ --out events
        bedside records convert --from long_csv labs.csv --map columns.toml --out events --until 2024-12-31
    """
    from bedside.cli import terminal
    from bedside.modalities.records.events.convert import convert
    from bedside.modalities.records.events.describe import describe
    from bedside.tasks.address import runner_at

    runner, reader = runner_at(on), _reader(layout, source, mapped)
    with terminal.progress() as progress:

        def told(stage: str, done: int, tasks: int) -> None:
            if done:
                progress.step()
            else:
                progress.begin(stage, tasks)

        made = convert(reader, out, jobs=jobs, until=until, replace=replace, on_progress=told, runner=runner)
    found = describe(made.folder)
    if json:
        terminal.emit({"folder": str(out), **_plain(found)})
        return
    terminal.say(f"Events: {out}", style="bold")
    _summary(found)
    _matters(found)


def describe_records(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder that `records convert` made.", file_okay=False)
    ],
    *,
    codes: Annotated[int, typer.Option(min=1, help="How many of the most frequent codes to list.")] = 20,
    smallest: Annotated[
        int,
        typer.Option(
            "--smallest-cell",
            metavar="PATIENTS",
            min=0,
            help="Withhold counts of fewer patients, and what would give them away (11 is usual).",
        ),
    ] = 0,
    json: options.Json = False,
) -> None:
    """Say what a table of events holds: patients, times, codes by system, units, and what is the matter with it.

    bedside records describe events
    bedside records describe events --codes 50 --smallest-cell 11
    """
    from bedside.cli import terminal
    from bedside.modalities.records.events.describe import describe
    from bedside.modalities.records.events.folder import EventFolder

    found = describe(EventFolder(folder), codes=codes, smallest=smallest)
    if json:
        terminal.emit({"folder": str(folder), **_plain(found)})
        return
    _summary(found)
    _codes(found)
    _matters(found)


def _reader(layout: str, source: Path, mapped: Path | None) -> "Reader":
    from bedside.errors import FileProblem, RecordsProblem
    from bedside.modalities.records.readers import found

    known = found.layout(layout)
    if not source.exists():
        msg = f"{source} does not exist; give the file or folder that holds the records"
        raise FileProblem(msg)
    if mapped is None:
        return known.open(source)
    if known.open_mapped is None:
        msg = f"--map is given, and {layout} needs none: its columns are known; leave it out"
        raise RecordsProblem(msg)
    return known.open_mapped(source, mapped)


def _plain(found: "Description") -> dict[str, Any]:
    return asdict(found)


def _count(count: int | None, smallest: int) -> str:
    return f"<{smallest}" if count is None else f"{count:,}"


def _summary(found: "Description") -> None:
    from bedside.cli import terminal

    if found.simulated:
        terminal.tell("Simulated: everybody in it is invented.", style="yellow")
    span = f", from {found.first} to {found.last}" if found.first else ""
    span = f", all in {found.first}" if found.first and found.first == found.last else span
    terminal.tell(
        f"{_count(found.events, found.smallest)} events of {_count(found.subjects, found.smallest)} patients{span}; "
        f"{found.codes:,} codes."
    )
    if found.subjects_without_events:
        many = "" if found.subjects_without_events == 1 else "s"
        terminal.tell(f"Of {found.subjects_without_events:,} patient{many} only facts for life are known.")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from bedside.cli import terminal

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in {"events", "patients", "codes", "count"} else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    terminal.say()
    terminal.output().print(table)


def _codes(found: "Description") -> None:
    _table(
        ("system", "codes", "events"),
        [(one.name, f"{one.codes:,}", _withheld(one.events)) for one in found.systems],
    )
    _table(
        ("code", "description", "unit", "events", "patients"),
        [
            (one.code, one.description, one.unit, _withheld(one.events), _withheld(one.subjects))
            for one in found.frequent
        ],
    )


def _withheld(count: int | None) -> str:
    return "withheld" if count is None else f"{count:,}"


def _matters(found: "Description") -> None:
    if found.flags:
        _table(
            ("flagged", "events", "patients"),
            [(one.what, _withheld(one.events), _withheld(one.subjects)) for one in found.flags],
        )
    _listed("unit not turned", found.units)
    _listed("not read", found.problems)


def _listed(heading: str, matters: "Sequence[Matter]", most: int = 10) -> None:
    if not matters:
        return
    rows = [(one.what, _withheld(one.events), ", ".join(one.examples[:3])) for one in matters[:most]]
    if len(matters) > most:
        rows.append((f"and {len(matters) - most:,} more (--json lists all)", "", ""))
    told = 3 if any(examples for *_, examples in rows) else 2
    _table((heading, "count", "for example")[:told], [row[:told] for row in rows])


for _command, _name in (
    (convert_records, "convert"),
    (describe_records, "describe"),
    (records_cohort.draw_cohort, "cohort"),
    (records_simulate.simulate_records, "simulate"),
):
    app.command(_name, help=failure.literal(_command.__doc__ or ""))(_command)
