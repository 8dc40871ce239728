"""How the run was conducted: tuning, operating points, audit, plan, ledger, provenance."""

from collections.abc import Mapping

from bedside.evidence.schema import Ledger
from bedside.report.number import count, plain, shown
from bedside.report.results import Results
from bedside.report.sections.summary import validation_words
from bedside.report.table import Cell, Column, Row, Table

LONG = 24
LEVELS = {"serious": 0, "warning": 1, "info": 2}


def _pairs(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {plain(value)}" for name, value in settings.items())


def operating_points(results: Results) -> Table | None:
    """What was fixed on tuning data before the test partition was opened."""
    rows = results.evidence.operating_points
    if not rows:
        return None
    body = [
        Row(
            (
                Cell(results.label(row.learner)),
                Cell(validation_words(row.validation)),
                Cell(row.split),
                Cell(row.rule),
                Cell(_pairs(row.settings), sort=next(iter(row.settings.values()), None)),
            )
        )
        for row in rows
    ]
    return Table(
        "operating-points",
        "Operating points, chosen on tuning data before the test partition was opened.",
        tuple(Column(text) for text in ("Learner", "Validation", "Split", "Rule", "Chosen")),
        tuple(body),
        long=len(body) > LONG,
    )


def tuning(results: Results) -> Table | None:
    """Trials, best loss and chosen settings of every learner in every split."""
    rows = results.evidence.tuning
    if not rows:
        return None
    body = []
    for row in rows:
        loss = "" if row.best_loss is None else plain(row.best_loss)
        body.append(
            Row(
                (
                    Cell(results.label(row.learner)),
                    Cell(validation_words(row.validation)),
                    Cell(row.split),
                    Cell(count(row.trials), row.trials, style="number"),
                    Cell(loss, row.best_loss, style="number"),
                    Cell(_pairs(row.settings) or "nothing to tune", small=_pairs(row.notes)),
                )
            )
        )
    return Table(
        "tuning",
        "Tuning: the same number of trials for every learner, chosen by the same proper score.",
        tuple(
            Column(text, number=text in ("Trials", "Best loss"))
            for text in ("Learner", "Validation", "Split", "Trials", "Best loss", "Chosen settings")
        ),
        tuple(body),
        long=len(body) > LONG,
    )


def findings(results: Results) -> Table | None:
    """What the audits found, the most serious first."""
    rows = sorted(results.evidence.audit, key=lambda finding: LEVELS[finding.severity])
    if not rows:
        return None
    body = [
        Row(
            (
                Cell(row.severity, LEVELS[row.severity], style=f"severity {row.severity}"),
                Cell(row.kind.replace("_", " ")),
                Cell(row.text),
                Cell(count(row.count), shown(row.count), style="number"),
            )
        )
        for row in rows
    ]
    return Table(
        "audit",
        "Audit of the data for leakage, duplicates and impossible dates.",
        (Column("Severity"), Column("Kind"), Column("Finding"), Column("Count", number=True)),
        tuple(body),
    )


def ledger(results: Results) -> Table | None:
    """How often the judged data of each validation have been evaluated on this machine."""
    by_validation: dict[str, list[Ledger]] = {}
    for row in results.evidence.ledger:
        by_validation.setdefault(row.validation, []).append(row)
    if not by_validation:
        return None
    body = []
    for name, rows in by_validation.items():
        most = max(row.evaluations for row in rows)
        code = max(row.distinct_code for row in rows)
        digest = rows[0].test_hash if len(rows) == 1 else "in evidence.json"
        body.append(
            Row(
                (
                    Cell(validation_words(name)),
                    Cell(count(len(rows)), len(rows), style="number"),
                    Cell(count(most), most, style="number"),
                    Cell(count(code), code, style="number"),
                    Cell(digest[:16], tip=digest, style="hash" if len(rows) == 1 else ""),
                )
            )
        )
    return Table(
        "ledger",
        "Test-access ledger: how often judged data have been evaluated on this machine, this run included.",
        (
            Column("Validation"),
            Column("Judged partitions", number=True),
            Column("Evaluations (most)", number=True),
            Column("Versions of code", number=True),
            Column("Data (hash)"),
        ),
        tuple(body),
    )


def plan(results: Results) -> str:
    """Whether an analysis plan was frozen and followed, as a sentence."""
    plan = results.evidence.plan
    if not plan.frozen:
        return "No analysis plan was frozen before this run; every choice may have been made after seeing results."
    when = f" on {plan.frozen_at}" if plan.frozen_at else ""
    start = f"An analysis plan was frozen{when} (hash {plan.plan_hash or 'not recorded'})"
    if plan.followed is None:
        return f"{start}; whether it was followed could not be determined."
    return f"{start} and was followed." if plan.followed else f"{start} and was NOT followed:"


def provenance(results: Results) -> Table:
    """Seed, hashes and versions: what is needed to make the same evidence again."""
    source = results.evidence.provenance
    rows = [
        ("bedside", source.bedside_version),
        ("Seed", str(source.seed)),
        ("Data (hash)", source.data_hash),
        ("Code (hash)", source.code_hash),
        ("Study (hash)", source.study_hash),
        *[(f"{results.label(one.learner)} begins from {one.origin} (hash)", one.sha256) for one in source.weights],
        *source.environment.items(),
        *[(f"Time: {name}", f"{seconds:,.1f} s") for name, seconds in source.timings.items()],
    ]
    return Table(
        "provenance",
        "Provenance. The same seed, code and data give the same evidence, except environment and times.",
        (Column("What"), Column("Value")),
        tuple(Row((Cell(name), Cell(text, style="hash" if "(hash)" in name else ""))) for name, text in rows),
        sortable=False,
        long=len(rows) > LONG,
    )


def files(results: Results) -> Table | None:
    """Files beside this report and their hashes."""
    found = results.evidence.provenance.files
    if not found:
        return None
    body = tuple(Row((Cell(path), Cell(digest, style="hash"))) for path, digest in found.items())
    return Table(
        "files", "Files of this run (SHA-256).", (Column("File"), Column("SHA-256")), body, long=len(body) > LONG
    )
