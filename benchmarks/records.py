"""Records at scale: seconds, events a second and memory of each step from a warehouse to what a model takes.

    python benchmarks/records.py --patients 2000 [--times 1 2 4] [--jobs 2] [--folder DIR] [--json]

For N, 2 N and 4 N patients (about 500 events each), every step in processes of its own:

    convert    a folder of MEDS with its mixed times, repetitions and flags, read and written as a table of events
    draw       death within a year of each discharge of an adult
    summarise  the year before each index time as one row of a table, shard by shard; what is summed up, by the first
    prepare    the same windows as what a network takes, held in memory whole
    train      steps of networks over time on windows of the first shard; for each network, events a second of the
               processor in steps alone: batch taken, forward, backward, weights moved

Simulating the warehouse is shown and is no step. Wall seconds suffer from other work on the machine, seconds of the
processor hardly. Memory is what Linux says: the most that the largest process of a step held, and the most that all
processes of a step held at one moment (pages that several share count in each). Whatever the machine allows, a process
uses one thread; `--jobs` is how many processes work at once.

Padding is of moments, the only thing batches of records are padded in, for batches drawn at random and for batches of
cases with like numbers of moments, as training groups them.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

COHORT = """
format = 1
name = "death_after_discharge"
eligibility = "Adults who leave hospital alive, at each discharge"
[index]
event = "discharge"
[predicates.discharge]
code = ["ENCOUNTER_END//HOME", "ENCOUNTER_END//SKILLED_NURSING", "ENCOUNTER_END//HOSPICE"]
[predicates.death]
code = "MEDS_DEATH"
[observation]
start = "index - 365d"
[outcome]
kind = "binary"
words = "Death from any cause, as simulated"
event = "death"
horizon = "365d"
[[criteria]]
words = "younger than 18 years"
age_at_least = 18
"""

PHASES = ("simulate", "convert", "draw", "summarise", "prepare", "train")
LABELS = "labels.parquet"
LEAST = 10
"""So many histories must hold a kind of event for it to be told apart."""
TRAINED, BATCH = 1_000, 64
"""Cases of a pass at most, and of a step."""


class Line(NamedTuple):
    """One step at one size.

    Attributes:
        events: That it worked on.
        wall: Seconds.
        processor: Seconds.
        largest: MiB that the largest process held.
        together: MiB that all processes held at one moment.
        more: What else it says.
    """

    patients: int
    phase: str
    events: int
    wall: float
    processor: float
    largest: float
    together: float
    more: dict[str, Any]

    def row(self) -> str:
        """As printed."""
        told = "  ".join(f"{name} {value}" for name, value in self.more.items())
        return (
            f"{self.patients:>9,} {self.phase:<10}{self.events:>13,}{self.wall:>9.1f}{self.processor:>9.1f}"
            f"{self.events / self.wall:>12,.0f}{self.events / max(self.processor, 0.01):>12,.0f}"
            f"{self.largest:>9,.0f}{self.together:>9,.0f}  {told}"
        )


HEADING = (
    f"{'patients':>9} {'step':<10}{'events':>13}{'wall s':>9}{'CPU s':>9}{'events/s':>12}{'ev/CPU s':>12}"
    f"{'MiB one':>9}{'MiB all':>9}"
)


class Watch:
    """Follows a process and its children through /proc: processor seconds and memory, ten times a second."""

    def __init__(self, root: int) -> None:
        self.root, self.largest, self.together = root, 0.0, 0.0
        self.spent: dict[int, float] = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()

    @property
    def processor(self) -> float:
        return sum(self.spent.values())

    def stop(self) -> None:
        self.over.set()
        self.thread.join()

    def _follow(self) -> None:
        while not self.over.wait(0.1):
            held = 0.0
            for pid, ticks, pages in self._family():
                self.spent[pid] = ticks / os.sysconf("SC_CLK_TCK")
                held += pages * os.sysconf("SC_PAGE_SIZE") / 2**20
                self.largest = max(self.largest, self._most(pid))
            self.together = max(self.together, held)

    def _family(self) -> list[tuple[int, int, int]]:
        """Number, ticks and pages of the process and all that come from it."""
        parents: dict[int, int] = {}
        found: dict[int, tuple[int, int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text("utf-8").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            pid = int(path.parent.name)
            parents[pid] = int(fields[1])
            found[pid] = (int(fields[11]) + int(fields[12]), int(fields[21]))
        own = {self.root}
        while more := {pid for pid, parent in parents.items() if parent in own and pid not in own}:
            own |= more
        return [(pid, *found[pid]) for pid in own if pid in found]

    def _most(self, pid: int) -> float:
        try:
            lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        except OSError:
            return 0.0
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def simulate(folder: Path, patients: int, jobs: int) -> dict[str, Any]:
    from bedside.modalities.records.simulate.warehouse import simulate as write

    made = write(folder / "source", patients, seed=1, jobs=jobs)
    size = sum(path.stat().st_size for path in (folder / "source").rglob("*") if path.is_file())
    return {"events": made.quality.events, "shards": len(made.folder.shards), "MiB on disk": round(size / 2**20)}


def convert(folder: Path, _patients: int, jobs: int) -> dict[str, Any]:
    from bedside.modalities.records.events.convert import convert as turn
    from bedside.modalities.records.readers.meds import Meds

    made = turn(Meds(folder / "source"), folder / "events", jobs=jobs)
    return {"events": made.quality.events, "shards": len(made.folder.shards)}


def draw(folder: Path, _patients: int, jobs: int) -> dict[str, Any]:
    from bedside.modalities.records.cohort.draw import draw as drawn_from
    from bedside.modalities.records.cohort.toml import parse
    from bedside.modalities.records.events.folder import EventFolder

    events = EventFolder(folder / "events")
    drawn = drawn_from(events, parse(COHORT), jobs=jobs)
    drawn.labels.write_parquet(folder / LABELS)
    told = drawn.samples
    died = told["boolean_value"].mean()
    return {
        "events": events.quality.events,
        "index times": told.height,
        "patients": told["subject_id"].n_unique(),
        "died": round(float(died) if isinstance(died, float) else 0.0, 3),
        "censored": drawn.flow.censored,
    }


def summarise(folder: Path, _patients: int, jobs: int) -> dict[str, Any]:
    import polars as pl
    from joblib import Parallel, delayed

    from bedside.modalities.records.cohort.histories import samples_of
    from bedside.modalities.records.events.folder import EventFolder
    from bedside.modalities.records.summaries import Summaries

    shards, labels = EventFolder(folder / "events").shards, pl.read_parquet(folder / LABELS)
    samples = samples_of(labels)
    learned = Summaries.fit(_histories(shards[0], samples), least=LEAST)
    parallel = Parallel(n_jobs=min(jobs, len(shards)), return_as="generator", inner_max_num_threads=1)
    tasks = (delayed(_summed)(shard, samples, learned, folder / f"{shard.stem}.table") for shard in shards)
    given = parallel(tasks) if jobs > 1 else (_summed(*task[1]) for task in tasks)
    rows, events = (sum(column) for column in zip(*given, strict=True))
    return {"events": events, "rows": rows, "columns": len(learned.names)}


def _histories(shard: Path, samples: Any) -> list[Any]:
    from bedside.modalities.records.cohort.histories import joined, seen_in
    from bedside.modalities.records.events.flag import UNUSABLE

    return joined([seen_in(shard, samples, UNUSABLE)], len(samples))[1]


def _summed(shard: Path, samples: Any, learned: Any, out: Path) -> tuple[int, int]:
    """Write the table of one shard; its rows, and the events they sum up."""
    views = _histories(shard, samples)
    learned.table(views).write_parquet(out)
    return len(views), sum(map(len, views))


def prepare(folder: Path, _patients: int, _jobs: int) -> dict[str, Any]:
    import polars as pl
    import torch

    from bedside.modalities.records.cohort.histories import histories
    from bedside.modalities.records.encoder import RecordTrunk
    from bedside.modalities.records.events.folder import EventFolder
    from bedside.training.grouping import batches, padded
    from bedside.training.loop import batch_size

    torch.set_num_threads(1)
    labels = pl.read_parquet(folder / LABELS)
    table, views = histories(EventFolder(folder / "events"), labels)
    fitted = RecordTrunk(least=LEAST).prepare(views)
    made = fitted.batches(views)
    torch.manual_seed(0)
    size = batch_size(len(views))
    steps = max(1, round(len(views) / size))
    at_random = padded(made.moments, list(torch.randperm(len(views)).tensor_split(steps)))
    alike = padded(made.moments, batches(_Sized(made.moments), len(views), steps))
    return {
        "events": int(made.starts[-1]),
        "rows held once": len(table),
        "batch": size,
        "padding at random": f"{at_random:.1%}",
        "of like size": f"{alike:.1%}",
    }


def train(folder: Path, _patients: int, _jobs: int) -> dict[str, Any]:
    import polars as pl
    import torch

    from bedside.modalities.records.cohort.histories import samples_of
    from bedside.modalities.records.encoder import RecordTrunk
    from bedside.modalities.records.events.folder import EventFolder
    from bedside.networks.sequences.attentive import EventSet, TimeAwareTransformer
    from bedside.networks.sequences.decaying import GruD
    from bedside.networks.sequences.recurrent import Recurrent
    from bedside.networks.sequences.retain import Retain
    from bedside.networks.sequences.sequencer import Sequencer
    from bedside.networks.sequences.summarised import BagOfEvents
    from bedside.networks.sequences.temporal import TemporalConvolution

    torch.set_num_threads(1)
    samples = samples_of(pl.read_parquet(folder / LABELS))
    views = _histories(EventFolder(folder / "events").shards[0], samples)[:TRAINED]
    networks: tuple[Sequencer, ...] = (
        BagOfEvents(),
        Recurrent(),
        GruD(),
        TemporalConvolution(),
        Retain(),
        TimeAwareTransformer(),
        EventSet(),
    )
    told = {network.name: _steps(RecordTrunk(network, least=LEAST), views) for network in networks}
    rates = {name: f"{events / spent:,.0f}" for name, (events, spent) in told.items()}
    return {"events": sum(events for events, _ in told.values()), "cases": len(views), **rates}


def _steps(trunk: Any, views: Sequence[Any]) -> tuple[int, float]:
    """Events of one pass in batches of `BATCH` alike in size, and what its steps cost in seconds of the processor."""
    import torch

    from bedside.training.grouping import batches

    torch.manual_seed(0)
    fitted = trunk.prepare(views)
    made = fitted.batches(views)
    settings = {name: one.default for name, one in trunk.space.items()}
    encoder = fitted.encoder(settings).train()
    head = torch.nn.Linear(encoder.width, 1)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()])
    parts = batches(_Sized(made.moments), len(views), max(1, round(len(views) / BATCH)))
    outcomes = torch.rand(len(views)).round()

    def step(part: torch.Tensor) -> None:
        batch = made.take(part, torch.device("cpu"))
        answers = head(encoder(batch).values).squeeze(-1).mean(0)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(answers, outcomes[part])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    step(parts[0])  # what is built once is not counted
    started = time.process_time()
    for part in parts:
        step(part)
    return int(made.starts[-1]), time.process_time() - started


class _Sized(NamedTuple):
    sizes: Any


RUN: dict[str, Callable[[Path, int, int], dict[str, Any]]] = {
    "simulate": simulate,
    "convert": convert,
    "draw": draw,
    "summarise": summarise,
    "prepare": prepare,
    "train": train,
}


def measured(phase: str, folder: Path, patients: int, jobs: int) -> Line:
    """One step in a process of its own, followed."""
    command = [sys.executable, __file__, "--phase", phase, "--folder", str(folder)]
    command += ["--patients", str(patients), "--jobs", str(jobs)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watch = Watch(process.pid)
        out, _ = process.communicate()
        wall = time.perf_counter() - started
        watch.stop()
    if process.returncode:
        msg = f"{phase} of {patients} patients ended with {process.returncode}"
        raise SystemExit(msg)
    told = json.loads(out.splitlines()[-1])
    events = told.pop("events")
    return Line(patients, phase, events, wall, watch.processor, watch.largest, watch.together, told)


def growth(lines: Sequence[Line]) -> list[str]:
    """How seconds and memory of each step grow with the events that it works on."""
    told = []
    for phase in PHASES[1:]:
        own = [line for line in lines if line.phase == phase]
        first, last = own[0], own[-1]
        seconds, held = last.processor / first.processor, last.largest / first.largest
        margin = (last.events - first.events) / max(last.processor - first.processor, 0.01)
        bytes_each = (last.largest - first.largest) * 2**20 / (last.events - first.events)
        told.append(
            f"{phase:<10} events x {last.events / first.events:.2f}: CPU seconds x {seconds:.2f}, memory of the "
            f"largest process x {held:.2f}; at the margin {margin:,.0f} events/CPU s, {bytes_each:,.0f} bytes/event"
        )
    return told


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--patients", type=int, default=1_000, help="of the smallest size")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 4], help="sizes, in times that")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument("--folder", type=Path, help="where to work; about 25 bytes an event are needed there")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.phase:
        print(json.dumps(RUN[asked.phase](asked.folder, asked.patients, asked.jobs)))
        return
    if not Path("/proc/self/status").is_file():
        msg = "memory is read from /proc, which only Linux has"
        raise SystemExit(msg)
    lines: list[Line] = []
    if not asked.json:
        print(f"{asked.jobs} processes at once, {os.cpu_count()} processors")
        print(HEADING)
    for times in asked.times:
        folder = Path(tempfile.mkdtemp(prefix="records-", dir=asked.folder))
        try:
            for phase in PHASES:
                lines.append(measured(phase, folder, asked.patients * times, asked.jobs))
                if not asked.json:
                    print(lines[-1].row(), flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        print(json.dumps([line._asdict() for line in lines]))
    elif len(asked.times) > 1:
        print("\n".join(["", *growth(lines)]))


if __name__ == "__main__":
    main()
