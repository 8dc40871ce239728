"""The same stays prepared and learned from by the current PyHealth and by bedside: CPU seconds, memory, AUROC.

    python -m venv runs/pyhealth/environment
    runs/pyhealth/environment/bin/python -m pip install torch==2.13.0
    runs/pyhealth/environment/bin/python -m pip install -r benchmarks/pyhealth-constraints.txt
    runs/pyhealth/environment/bin/python -m pip install --no-deps --ignore-requires-python pyhealth==2.1.0
    python benchmarks/pyhealth_peer.py [--patients 2000 8000] [--repeats 2] [--environment DIR] [--json]

PyHealth has an environment of its own and is not measured where there is none. torch is installed first, its build for
the processor alone, or pip takes one that brings several GB for GPUs. PyHealth 2.1.0 asks for Python 3.12; where there
is such a build of torch only for 3.11, as there was where this was measured, the last line lets it in, and
`pyhealth_side/stages.py` gives it the one function of 3.12 that it lacks.

Both sides read one folder of MEDS, which bedside's simulator wrote as MIMIC-IV is written in MEDS: admissions,
discharges and the number of the stay, which PyHealth's own task of death in hospital asks for. A sample is a stay of
more than `--hours`; seen are its codes of those hours, predicted is death before discharge. The numbers of samples and
deaths of each partition must agree, or the benchmark ends. Each side does a stage in processes of its own, one thread
and one worker each, the sides by turns:

    import     the modules that the other stages use, and nothing else
    prepare    from the source to what a network takes batches of, in a new folder; fitted on development only
    train      a GRU of the same width, batch, optimizer and number of epochs; the best epoch is asked for test stays

CPU seconds count, of all processes of a stage and with its imports; wall seconds suffer from other work on the machine.
Memory is what all processes of a stage held at one moment (pages that several share count in each), and what the
largest of them held.

What is not the same. Preparing: bedside judges and flags every event of every patient on the way, checks that nothing
after the index time is seen, and keeps the converted table, the numbers of measurements and facts such as sex; PyHealth
keeps codes. For the GRU numbers and facts are taken away again, so that both learn from codes and their order, bedside
from their times as well. bedside's GRU goes from moment to moment (at most 128, events of one moment summed), and
PyHealth's from event to event; bedside takes a tenth of the events away while it trains, groups stays of like length,
and holds what it has prepared in memory, where PyHealth reads it from disk. bedside's window ends with the index time
included, PyHealth's before it. AUROC is shown only to see whether both learned the same thing.

`fitted` looks at whether PyHealth's processors have seen test patients: a code that only test patients have is planted
among the events, and its vocabulary is asked for it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyhealth_side.stages import PARTS, each_epoch, part_of, tell
from records import Watch

_HERE = Path(__file__).resolve().parent
_THEIRS = _HERE / "pyhealth_side" / "stages.py"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
SIDES = ("PyHealth", "bedside")
PLANTED = "ICD10CM//Y99.8"
"""A code that the simulation does not write."""
STAYS = 12
"""So many test stays get it."""
LEAST = 10

COHORT = """
format = 1
name = "death_in_hospital"
eligibility = "Stays of more than {hours:g} hours"
[index]
event = "admission"
offset = "{hours:.0f}h"
[predicates.admission]
prefix = "HOSPITAL_ADMISSION//"
[predicates.discharge]
prefix = "HOSPITAL_DISCHARGE//"
[predicates.died]
code = "HOSPITAL_DISCHARGE//DIED"
[observation]
start = "event"
[windows.seen]
start = "event"
end = "index"
include_start = false
[[criteria]]
words = "left by then"
forbid = "discharge"
window = "seen"
[outcome]
kind = "binary"
words = "Death before discharge, as simulated"
event = "died"
until = "next discharge"
[censoring]
censored = "exclude"
"""


def written(folder: Path, patients: int) -> dict[str, Any]:
    """The source: a simulated hospital as MIMIC-IV is written in MEDS."""
    import polars as pl

    from bedside.modalities.records.simulate.warehouse import simulate

    made = simulate(folder / "simulated", patients, seed=1, jobs=1)
    ends = ("HOME", "SKILLED_NURSING", "HOSPICE", "DIED")
    names = {f"ENCOUNTER_END//{name}": f"HOSPITAL_DISCHARGE//{name}" for name in ends}
    names["ENCOUNTER_START//IMP"] = "HOSPITAL_ADMISSION//IMP"
    data = folder / "source" / "data"
    data.mkdir(parents=True)
    left = STAYS
    for shard in made.folder.shards:
        table = pl.read_parquet(shard).drop("flags").rename({"encounter_id": "hadm_id"})
        table = table.with_columns(pl.col("code").replace(names))
        begun = table.filter((pl.col("code") == "HOSPITAL_ADMISSION//IMP") & pl.col("time").is_not_null())
        of_test = [part_of(patient) == PARTS.index("test") for patient in begun["subject_id"].to_list()]
        planted = begun.filter(pl.Series(of_test, dtype=pl.Boolean)).head(left)
        left -= len(planted)
        planted = planted.with_columns(pl.col("time") + pl.duration(minutes=1), code=pl.lit(PLANTED))
        whole = pl.concat([table, planted]).sort("subject_id", "time", nulls_last=False, maintain_order=True)
        whole.write_parquet(data / shard.name)
    shutil.rmtree(folder / "simulated")
    return {"patients": patients, "events": made.quality.events}


def converted(options: argparse.Namespace) -> tuple[Any, Any]:
    """The folder of events and the labels of the cohort."""
    from bedside.modalities.records.cohort.draw import draw
    from bedside.modalities.records.cohort.toml import parse
    from bedside.modalities.records.events.convert import convert
    from bedside.modalities.records.readers.meds import Meds

    made = convert(Meds(options.folder / "source"), options.folder / "cache" / "events", jobs=1)
    drawn = draw(made.folder, parse(COHORT.format(hours=options.hours)), jobs=1)
    labels = drawn.samples
    labels.write_parquet(options.folder / "cache" / "labels.parquet")
    return made.folder, labels


def imported(_options: argparse.Namespace) -> dict[str, Any]:
    """Nothing but importing what the other stages need."""
    import torch

    import bedside.modalities.records.cohort.draw
    import bedside.modalities.records.cohort.toml
    import bedside.modalities.records.encoder
    import bedside.modalities.records.events.convert
    import bedside.modalities.records.readers.meds
    import bedside.training.network  # noqa: F401

    return {"python": sys.version.split()[0], "versions": {"torch": torch.__version__}}


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """From the source to batches in memory."""
    from bedside.modalities.records.cohort.histories import histories
    from bedside.modalities.records.encoder import RecordTrunk
    from bedside.networks.sequences.recurrent import Recurrent

    folder, labels = converted(options)
    _, views = histories(folder, labels)
    parts = _divided(labels, views)
    fitted = RecordTrunk(Recurrent(), least=LEAST).prepare(parts[0])
    batches = [fitted.batches(part) for part in parts]
    return {"samples": [len(part) for part in batches], "kinds of event": len(fitted.preparation.vocabulary) - 1}


def _divided(labels: Any, cases: Sequence[Any]) -> list[list[Any]]:
    places = [part_of(patient) for patient in labels["subject_id"].to_list()]
    return [[case for case, place in zip(cases, places, strict=True) if place == k] for k in range(len(PARTS))]


def train(options: argparse.Namespace) -> dict[str, Any]:
    """A GRU over the moments of each sample."""
    import numpy as np
    import polars as pl
    from sklearn.metrics import roc_auc_score

    from bedside.data.sample import Sample
    from bedside.endpoints.binary.head import BinaryHead
    from bedside.endpoints.binary.kind import binary
    from bedside.modalities.records.cohort.histories import histories
    from bedside.modalities.records.encoder import RecordTrunk
    from bedside.modalities.records.events.folder import EventFolder
    from bedside.modalities.records.history import History
    from bedside.networks.sequences.recurrent import Recurrent
    from bedside.training.loop import Loop
    from bedside.training.network import Network
    from bedside.types import PatientId, SampleId

    labels = pl.read_parquet(options.folder / "cache" / "labels.parquet")
    events, views = histories(EventFolder(options.folder / "cache" / "events"), labels)
    # Codes and their order, as PyHealth's task sees a stay.
    bare = replace(events, numbers=np.full_like(events.numbers, np.nan), texts=np.full_like(events.texts, -1))
    seen = [History(bare, (0, 0), view.rows, view.start, view.index) for view in views]
    rows = zip(labels["sample"], labels["subject_id"], seen, labels["boolean_value"], strict=True)
    samples = [Sample(SampleId(key), PatientId(str(who)), view, died) for key, who, view, died in rows]
    development, selection, test = _divided(labels, samples)
    marks: list[tuple[float, float]] = []
    loop = Loop(epochs=options.epochs, patience=options.epochs, batch=options.batch, warm_up=0)
    network = Network(
        endpoint=binary(positive="died", negative="left alive"),
        trunk=RecordTrunk(Recurrent(), least=LEAST),
        head=BinaryHead,
        loop=Marked(loop, marks),
    )
    settings = {
        "width": options.width,
        "dropout": options.dropout,
        "learning_rate": options.rate,
        "weight_decay": options.decay,
    }
    fitted, record = network.fit(settings, development, selection, seed=options.seed)
    outcomes = [sample.outcome for sample in test]
    answers = fitted.predict([sample.predictors for sample in test])
    return {
        "weights": sum(one.numel() for one in fitted.model.parameters()),
        "steps an epoch": round(len(development) / options.batch),
        "events of a sample, mean": sum(len(one.predictors) for one in development) / len(development),
        "moments of a sample, median": record["moments of a case, median"],
        **each_epoch(marks),
        "test deaths": sum(outcomes),
        "auroc": float(roc_auc_score(outcomes, answers)),
    }


class Marked:
    """The training loop, with a look at the clock whenever an epoch was judged."""

    description = "marked"

    def __init__(self, loop: Any, marks: list[tuple[float, float]]) -> None:
        self.loop, self.marks = loop, marks

    def train(self, model: Any, feed: Any, judge: Callable[[], float], **rates: float) -> Any:
        def judged() -> float:
            loss = judge()
            self.marks.append((time.process_time(), time.perf_counter()))
            return loss

        return self.loop.train(model, feed, judged, **rates)


STAGES = {"import": imported, "prepare": prepare, "train": train}
FITTED = "fitted"
"""Of PyHealth alone, once."""


def measured(side: str, stage: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One stage of one side in processes of its own, followed."""
    python, script = (options.python, _THEIRS) if side == "PyHealth" else (Path(sys.executable), Path(__file__))
    told = folder / "told.json"
    command = [str(python), str(script), stage, str(folder), str(told)]
    command += ["--hours", str(options.hours), "--epochs", str(options.epochs), "--code", PLANTED]
    settings = {**dict.fromkeys(_THREADS, "1"), "LITDATA_DISABLE_VERSION_CHECK": "1"}
    log = folder / f"{side}-{stage}.log"
    started = time.perf_counter()
    with log.open("a", encoding="utf-8") as heard:
        environment = {**os.environ, **settings}
        with subprocess.Popen(command, stdout=heard, stderr=subprocess.STDOUT, env=environment) as process:
            watch = Watch(process.pid)
            process.wait()
            wall = time.perf_counter() - started
            watch.stop()
    if process.returncode:
        last = log.read_text("utf-8")[-3000:]
        msg = f"{side} ended with {process.returncode} in its stage {stage!r}; the end of its log:\n{last}"
        raise SystemExit(msg)
    found: dict[str, Any] = json.loads(told.read_text("utf-8"))
    return {
        "CPU s": watch.processor,
        "wall s": wall,
        "MiB together": watch.together,
        "MiB largest": watch.largest,
        **found,
    }


def compared(patients: int, options: argparse.Namespace) -> dict[str, Any]:
    """All stages of both sides at one size, the sides by turns."""
    base = Path(tempfile.mkdtemp(prefix="pyhealth-", dir=options.folder))
    try:
        source = written(base, patients)
        folders = {side: base / side for side in SIDES}
        for folder in folders.values():
            folder.mkdir()
            (folder / "source").symlink_to(base / "source", target_is_directory=True)
        found: dict[str, Any] = {**source, **{side: {name: [] for name in options.stages} for side in SIDES}}
        for turn in range(options.repeats):
            for stage in (name for name in options.stages if name in STAGES):
                for side in SIDES if turn % 2 == 0 else SIDES[::-1]:
                    if stage == "prepare":
                        shutil.rmtree(folders[side] / "cache", ignore_errors=True)
                        (folders[side] / "cache").mkdir()
                    one = measured(side, stage, folders[side], options)
                    found[side][stage].append(one)
                    if not options.json:
                        print(row(patients, source["events"], side, stage, one), flush=True)
        agreed(found)
        if FITTED in options.stages:
            found[FITTED] = [measured("PyHealth", FITTED, folders["PyHealth"], options)]
        return found
    finally:
        if not options.keep:
            shutil.rmtree(base, ignore_errors=True)


def agreed(found: Mapping[str, Any]) -> None:
    """End where both sides did not work on the same samples."""
    for stage, name in (("prepare", "samples"), ("train", "test deaths")):
        theirs, ours = ([run[name] for run in found[side].get(stage, ())] for side in SIDES)
        if theirs != ours:
            msg = f"{name} differ: {theirs} of PyHealth, {ours} of bedside"
            raise SystemExit(msg)


HEADING = (
    f"{'patients':>8} {'events':>11}  {'side':<9}{'stage':<8}{'CPU s':>8}{'wall s':>8}{'MiB all':>9}{'MiB one':>9}"
)


def row(patients: int, events: int, side: str, stage: str, one: Mapping[str, Any]) -> str:
    told = ""
    if stage == "train":
        told = f"  {one['CPU s an epoch']:.2f} CPU s an epoch, AUROC {one['auroc']:.3f}, {one['weights']:,} weights"
    if stage == "prepare":
        told = f"  samples {' + '.join(map(str, one['samples']))}, kinds of event {one['kinds of event']}"
    return (
        f"{patients:>8,} {events:>11,}  {side:<9}{stage:<8}{one['CPU s']:>8.1f}{one['wall s']:>8.1f}"
        f"{one['MiB together']:>9,.0f}{one['MiB largest']:>9,.0f}{told}"
    )


def least(runs: Sequence[Mapping[str, Any]], name: str) -> float:
    """The least of several runs: other work on the machine only ever adds."""
    return float(min(run[name] for run in runs))


def ratios(found: Mapping[str, Any]) -> dict[str, float]:
    """PyHealth's figures over bedside's, of the least of all runs."""
    theirs, ours = (found[side] for side in SIDES)

    measures = ("CPU s", "wall s", "MiB together", "MiB largest", "CPU s an epoch")
    told = {
        f"{stage}, {name}": least(theirs[stage], name) / least(ours[stage], name)
        for stage in STAGES
        for name in measures
        if name in (theirs.get(stage) or [{}])[0]
    }

    def net(side: Mapping[str, Any]) -> float:
        return least(side["prepare"], "CPU s") - least(side["import"], "CPU s")

    if {"import", "prepare"} <= set(theirs):
        told["prepare, CPU s without those of import"] = net(theirs) / net(ours)
    return told


def shown(found: Mapping[str, Any]) -> None:
    """Print what PyHealth's figures are over bedside's, and what its processors were fitted on."""
    print(f"\n{found['patients']:,} patients: PyHealth over bedside, of the least of all runs")
    for name, ratio in found["ratios"].items():
        print(f"    {name:<42}{ratio:>7.1f}")
    for how in ("without a split", "with a split") if FITTED in found else ():
        one = found[FITTED][0][how]
        knows = "knows" if one["knows the test's code"] else "does not know"
        print(
            f"    PyHealth's vocabulary {how} {knows} the code that only test patients have; warnings: {one['warned']}"
        )


def main() -> None:
    """Measure both sides at each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[2_000, 8_000])
    parser.add_argument("--repeats", type=int, default=2, help="of every stage")
    parser.add_argument("--hours", type=float, default=48.0, help="of a stay that are seen")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--folder", type=Path, default=Path("runs/pyhealth"), help="where to work")
    parser.add_argument("--environment", type=Path, help="PyHealth's; below the folder when not given")
    parser.add_argument("--stages", nargs="+", choices=(*STAGES, FITTED), default=[*STAGES, FITTED])
    parser.add_argument("--keep", action="store_true", help="leave the work folders")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    options.python = (options.environment or options.folder / "environment").absolute() / "bin" / "python"
    if not options.python.exists():
        how = f"the head of {Path(__file__).name} says how to make it"
        msg = f"PyHealth is not measured: there is no {options.python}; {how}"
        if options.environment:
            raise SystemExit(msg)
        print(msg)
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    options.folder = options.folder.absolute()
    if not options.json:
        print(HEADING)
    sizes = []
    for patients in options.patients:
        found = compared(patients, options)
        sizes.append({**found, "ratios": ratios(found)})
    (options.folder / "result.json").write_text(json.dumps(sizes, indent=1) + "\n", "utf-8")
    if options.json:
        print(json.dumps(sizes, indent=1))
        return
    for one in sizes[0]["PyHealth"].get("import", ())[:1]:
        print(f"\nPyHealth on Python {one['python']}: {one['versions']}")
    for found in sizes:
        shown(found)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in STAGES:
        tell(STAGES)
    else:
        main()
