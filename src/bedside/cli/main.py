"""The command `bedside`: its commands, and what happens when one fails.

Commands import what they need when they run, so that `bedside --help` imports no framework.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from bedside import __version__
from bedside.cli import (
    compare,
    data,
    failure,
    new,
    plan,
    predict,
    readers,
    records,
    registry,
    report,
    schema,
    serve,
    triage,
)
from bedside.cli import list as listing
from bedside.cli import release as releasing
from bedside.cli import run as running

HELP = """From a clinical question to evidence, and from evidence to decision support.

bedside trains a model for a clinical question, tries it against what clinicians use today on the same patients,
and writes down whatever was found, with intervals, in one report.

[bold]Begin with[/bold]

    bedside list                                      what can be run
    bedside run breast_cancer                         on real data, in minutes
    bedside run --table patients.csv --outcome died   your own table

Every run ends in a folder with evidence.json (for scripts), report.html (for people) and the fitted models. A run
that was stopped is resumed by the same command.
"""

app = typer.Typer(
    name="bedside",
    help=failure.literal(HELP),
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 done · 1 unexpected · 2 wrong use or declaration · 3 data · 4 run · 5 model · 6 release · "
        "130 stopped."
    ),
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bedside {__version__}")
        raise typer.Exit


@app.callback()
def _bedside(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version  # acted upon by its callback


for _command, _name, _panel in (
    (listing.list_applications, "list", "Studies"),
    (running.run_study, "run", "Studies"),
    (plan.freeze_plan, "plan", "Studies"),
    (new.new_application, "new", "Studies"),
    (data.show_data, "data", "Studies"),
    (predict.predict_table, "predict", "Results"),
    (report.write_report, "report", "Results"),
    (compare.compare_runs, "compare", "Results"),
    (triage.simulate_worklist, "triage", "Results"),
    (schema.print_schema, "schema", "Results"),
    (releasing.release_run, "release", "Decision support"),
    (serve.serve_releases, "serve", "Decision support"),
):
    app.command(_name, rich_help_panel=_panel, help=failure.literal(_command.__doc__ or ""))(_command)


app.add_typer(readers.app, rich_help_panel="Results")
app.add_typer(registry.app, rich_help_panel="Decision support")
app.add_typer(records.app, rich_help_panel="Studies")


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code and never raises."""
    return failure.guard(lambda: app(args=list(arguments), prog_name="bedside", standalone_mode=False), arguments)


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))
