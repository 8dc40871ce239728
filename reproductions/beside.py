"""Runs a study at the declared seed and sets its figures beside those of others.

Run by itself, prints again what the finished reproductions have written to `reproductions/results`.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bedside.cli.terminal import progress
from bedside.evidence.schema import Evidence, Performance
from bedside.report.page import write_report
from bedside.study.declare import Study
from bedside.study.run import run

SEED = 20240501
"""Declared once, before any of these studies was run; never changed to improve a figure."""

RESULTS = Path(__file__).parent / "results"

UNTUNED = "one fixed, untuned configuration, measured once by us on other divisions of the same data; no interval"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A figure of others, and which of our rows it is compared with.

    Attributes:
        what: Model and data, in words.
        value: The figure.
        origin: Where it was published, or how it was measured.
        learner: Our learner of the same family.
        measure: Name of the measure.
        validation: Name of our validation; the primary one when empty.
        group: Group of our rows.
    """

    what: str
    value: float
    origin: str
    learner: str
    measure: str
    validation: str = ""
    group: str = "all"


@dataclass(frozen=True)
class Beside:
    """One line of the table: ours, theirs, and what follows."""

    what: str
    learner: str
    measure: str
    group: str
    ours: float
    low: float
    high: float
    method: str
    cases: int
    patients: int
    theirs: float
    origin: str
    outcome: str


def reproduce(
    study: Study[Any, Any, Any, Any],
    peers: Callable[[Evidence], Sequence[Peer]],
    *,
    accept: Sequence[str] = (),
    every: Sequence[str] = (),
) -> None:
    """Run the study with its full budgets, print the table, write the results.

    Args:
        study: As the application declares it.
        peers: The figures of others; told the evidence, for figures that are measured on the same folds.
        accept: SHA-256 hashes of files that are not the published ones and are used all the same.
        every: Measures of which the figures of every learner are written and printed, whoever else has any.
    """
    options = _options(study.name)
    started = time.perf_counter()
    with progress() as bars:
        evidence = run(study, out=options.out, seed=options.seed, jobs=options.jobs, progress=bars, accept=accept)
    seconds = time.perf_counter() - started
    page = write_report(options.out)
    lines = [_beside(evidence, peer) for peer in _each(evidence, peers(evidence))]
    result = {
        "study": study.name,
        "verdict": evidence.verdict,
        "seed": options.seed,
        "validation": next(v.description for v in evidence.validations if v.primary),
        "lines": [asdict(line) for line in lines],
        "learners": _learners(evidence, every),
        "summary": _summary(lines),
        "data_hash": evidence.provenance.data_hash,
        "code_hash": evidence.provenance.code_hash,
        "seconds_of_this_call": round(seconds, 1),
        "peak_mebibytes": _peak_mebibytes(),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{study.name}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    show(result)
    print(f"\nreport: {page}\nresult: {path}")


def contrasted(
    points: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]], *, learner: str, origin: str
) -> list[Beside]:
    """One line a paired difference between a learner and another at some number of labels.

    Args:
        points: The area of every learner at every number of labels, with interval, method, cases and patients.
        differences: Of the learner minus a comparator; their intervals say what follows.
        learner: Whose they are.
        origin: Where the other's figures come from.
    """
    by = {(point["labels"], point["learner"]): point for point in points}
    found = []
    for row in differences:
        ours, theirs = by[row["labels"], learner], by[row["labels"], row["comparator"]]
        found.append(
            Beside(
                what=row["comparator"],
                learner=learner,
                measure="auroc",
                group=f"{row['labels']} labels",
                ours=ours["auroc"],
                low=ours["low"],
                high=ours["high"],
                method=ours["method"],
                cases=ours["cases"],
                patients=ours["patients"],
                theirs=theirs["auroc"],
                origin=origin,
                outcome="win" if row["low"] > 0 else "loss" if row["high"] < 0 else "tie",
            )
        )
    return found


def show(result: dict[str, Any]) -> None:
    """Print one result."""
    print(f"\n{result['study']}: {result['verdict']}")
    print(f"{result['validation']} Seed {result['seed']}.\n")
    head = ("compared with", "ours", "group", "measure", "ours [95 % interval]", "theirs", "cases", "")
    rows = [
        (
            line["what"],
            line["learner"],
            line["group"],
            line["measure"],
            f"{line['ours']:.4g} [{line['low']:.4g}, {line['high']:.4g}]",
            f"{line['theirs']:.4g}",
            str(line["cases"]),
            line["outcome"],
        )
        for line in result["lines"]
    ]
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for origin in dict.fromkeys(line["origin"] for line in result["lines"]):
        print(f"Theirs: {origin}.")
    print(result["summary"])
    if result.get("learners"):
        print("\nEvery learner, [95 % interval]:")
    for name, figures in result.get("learners", {}).items():
        told = (f"{measure} {value:.4g} [{low:.4g}, {high:.4g}]" for measure, (value, low, high) in figures.items())
        print(f"  {name}: {', '.join(told)}")


def _learners(evidence: Evidence, measures: Sequence[str]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Value and interval of each measure, for the model and every comparator."""
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for measure in measures:
        for learner in (evidence.study.model, *evidence.study.comparators):
            row = _row(evidence, Peer(what="", value=0.0, origin="", learner=learner, measure=measure))
            if row.value is not None and row.low is not None and row.high is not None:
                found.setdefault(learner, {})[measure] = (row.value, row.low, row.high)
    return found


def _each(evidence: Evidence, peers: Sequence[Peer]) -> list[Peer]:
    """Every peer against our learner of its family and, where that is another one, against the model on trial."""
    model = evidence.study.model
    found = []
    for peer in peers:
        found.append(peer)
        if peer.learner != model:
            found.append(Peer(**{**asdict(peer), "learner": model}))
    return found


def _beside(evidence: Evidence, peer: Peer) -> Beside:
    row = _row(evidence, peer)
    if row.value is None or row.low is None or row.high is None:
        sys.exit(f"{peer.learner} has no {peer.measure} in {peer.group}: {row.reason}")
    higher = next(m.higher_is_better for m in evidence.measures if m.name == peer.measure)
    if row.low <= peer.value <= row.high:
        outcome = "tie"
    else:
        outcome = "win" if (row.value > peer.value) == bool(higher) else "loss"
    return Beside(
        what=peer.what,
        learner=peer.learner,
        measure=peer.measure,
        group=peer.group.removeprefix("split="),
        ours=row.value,
        low=row.low,
        high=row.high,
        method=row.method,
        cases=int(row.cases),
        patients=int(row.patients),
        theirs=peer.value,
        origin=peer.origin,
        outcome=outcome,
    )


def _row(evidence: Evidence, peer: Peer) -> Performance:
    validation = next(
        v for v in evidence.validations if (v.primary if not peer.validation else v.name == peer.validation)
    )
    wanted = (peer.learner, validation.name, validation.partition, peer.group, peer.measure)
    for row in evidence.performance:
        if (row.learner, row.validation, row.partition, row.group, row.measure) == wanted:
            return row
    sys.exit(f"the evidence has no row for {wanted}")


def _summary(lines: Sequence[Beside]) -> str:
    counts = {word: sum(line.outcome == word for line in lines) for word in ("win", "tie", "loss")}
    words = (
        f"{counts['win']} won, {counts['tie']} tied, {counts['loss']} lost of {len(lines)}: a tie is a figure inside "
        "our 95 % interval, a win or a loss one outside it; theirs have no interval, so this is no paired test."
    )
    lost = [f"{line.learner} on {line.group} against {line.what}" for line in lines if line.outcome == "loss"]
    return words + (f" Lost: {'; '.join(lost)}." if lost else "")


def _options(name: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"Repeat the figures of the {name} study; resumes where it stopped.")
    parser.add_argument("--out", type=Path, default=Path("runs/reproductions") / name, help="folder of the run")
    parser.add_argument("--seed", type=int, default=SEED, help="for looking at variation; the declared one by default")
    parser.add_argument("--jobs", type=int, default=None, help="fits at once; all processors by default")
    return parser.parse_args()


def _peak_mebibytes() -> int:
    """The largest memory of this process or of one of its workers, in this call."""
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(peaks) // 1024


def main() -> None:
    """Print all results that are there."""
    paths = sorted(RESULTS.glob("*.json"))
    for path in paths:
        show(json.loads(path.read_text("utf-8")))
    if not paths:
        print("No results yet: run one of the other scripts in this folder.")


if __name__ == "__main__":
    main()
