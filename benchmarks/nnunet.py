"""Dice against minutes of the processor: nnU-Net v2 and the network of the hippocampus study on the same division.

    python -m venv runs/nnunet/environment
    runs/nnunet/environment/bin/python -m pip install torch==2.13.0
    runs/nnunet/environment/bin/python -m pip install -c benchmarks/nnunet-constraints.txt nnunetv2
    python benchmarks/nnunet.py [--minutes 60] [--points 6] [--threads 1] [--test] [--json]

nnU-Net has an environment of its own and is not measured where there is none. Both sides learn from the study's
development cases at its declared seed and are looked at on its tuning cases, one side after the other, on as many
threads, for the same minutes. Both begin where images are
prepared, and all that training does counts, each side's own validation included. nnU-Net plans for itself (3d_fullres;
`nnunet_side/bounded.py` says what is changed); ours is the study's network with its first settings and as many epochs
as fit. At each point the present weights outline all tuning cases, outside the minutes and once per window, and are
judged by the same Dice (mean of both structures). Neither side keeps its best point or cleans outlines up. nnU-Net's
last weights are asked once more as they are in use, averaged over mirrored copies; its fingerprint and plans come from
learning and tuning cases, as in its own cross-validation. Test cases are outlined by nnU-Net at the end and only with
--test; ours beside it is on record in `reproductions/results`, tuned, and finished as the study does.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from nnunet_side.clock import Clock, peak

from bedside.applications.hippocampus_mri.study import study
from bedside.data.files import data_root
from bedside.data.sample import Sample
from bedside.endpoints.mask.overlap import overlap
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.outlines.reading import LabelMapFile
from bedside.sources.decathlon_hippocampus import PARTS
from bedside.study.cohort import draw
from bedside.training.course import Course
from bedside.training.model import Model

_HERE = Path(__file__).resolve().parent
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

SEED = 20240501
"""Of the reproduction: the same division."""

NAME = "Dataset004_Hippocampus"
RECORD = _HERE.parent / "reproductions" / "results" / "hippocampus_mri.json"
Case = Sample[Any, Any]


class Timed(Exception):  # noqa: N818 - it ends what has succeeded
    """Ends a fit of one epoch, which only told how long an epoch takes."""


@dataclass(frozen=True)
class Watched:
    """The study's training loop, with a look at the model after epochs."""

    loop: Any
    begin: Callable[[Model[Any]], None]
    look: Callable[[int], None]
    description: str = "watched"

    def train(
        self, model: Model[Any], feed: Any, judge: Callable[[], float], *, learning_rate: float, weight_decay: float
    ) -> Course:
        epochs = 0

        def judged() -> float:
            nonlocal epochs
            loss, epochs = judge(), epochs + 1
            self.look(epochs)  # at the weights that were judged, not those under way
            return loss

        self.begin(model)
        course: Course = self.loop.train(model, feed, judged, learning_rate=learning_rate, weight_decay=weight_decay)
        return course


def divided() -> dict[str, list[Case]]:
    """Cases to learn from, cases to look at and test cases, as the study's run divides them."""
    declared = study()
    samples = draw(declared, root=data_root(), simulated=None, seed=SEED).samples
    (split,) = declared.validations[0].splits(samples, declared.endpoint.stratum, SEED)
    tuning = np.concatenate([split.selection, split.calibration])
    places = {"development": split.development, "tuning": tuning, "test": split.test}
    return {name: [samples[k] for k in chosen.tolist()] for name, chosen in places.items()}


class Ours:
    """The study's network, trained by the clock.

    Attributes:
        rows: One a look at the tuning cases.
        epochs: As many as fit; an epoch is timed first.
        size: Number of weights.
    """

    def __init__(self, cases: Mapping[str, Sequence[Case]], options: argparse.Namespace) -> None:
        declared: Any = study().model
        self.recipe = replace(declared.recipe, threads=options.threads)
        self.cases, self.options = cases, options
        self.prepared = self.recipe.trunk.prepare([case.predictors for case in cases["development"]])
        self.rows: list[dict[str, Any]] = []
        self.epochs, self.size = 1, 0
        with suppress(Timed):
            self._fit(self._timed)

    def train(self) -> None:
        """Spend the minutes."""
        self._fit(self._look)

    def _fit(self, look: Callable[[int], None]) -> None:
        network = replace(self.recipe, loop=Watched(replace(self.recipe.loop, epochs=self.epochs), self._begin, look))
        network.fit(network.defaults, self.cases["development"], self.cases["tuning"], seed=SEED)

    def _begin(self, model: Model[Any]) -> None:
        shown = [case.predictors for case in self.cases["tuning"][: self.options.cases]]
        self.ask = self.recipe.way.asked(model, self.prepared, shown, chunk=self.recipe.chunk)
        self.size = sum(one.numel() for one in model.parameters())
        self.clock = Clock(60 * self.options.minutes, self.options.points)

    def _timed(self, epoch: int) -> None:
        del epoch
        self.epochs = max(1, int(self.clock.budget / self.clock.seconds))
        raise Timed

    def _look(self, epoch: int) -> None:
        if not (self.clock.due() or epoch == self.epochs):
            return
        spent = self.clock.seconds
        with self.clock.paused():
            tuning, before = self.cases["tuning"][: self.options.cases], time.process_time()
            told = self.ask()
            each = (time.process_time() - before) / len(tuning)
            if told is None:
                msg = f"outputs are not finite after {epoch} epochs"
                raise SystemExit(msg)
            windows = epoch * len(self.cases["development"]) * self.recipe.way.per_case
            row = {"seconds": spent, "epochs": epoch, "windows": windows, "seconds_a_case": each}
            self.rows.append({**row, **scored(tuning, told[0])})


def bedside(options: argparse.Namespace) -> dict[str, Any]:
    """Our side; runs in a process of its own."""
    ours = Ours(divided(), options)
    ours.train()
    return {"points": ours.rows, "epochs": ours.epochs, "peak": peak(), "parameters": ours.size}


def scored(cases: Sequence[Case], told: Sequence[Segmentation]) -> dict[str, Any]:
    """Mean Dice of cases: of each structure, and the mean of these."""
    rows = np.array([overlap(case.outcome.read(), one).dice for case, one in zip(cases, told, strict=True)])
    each = np.nanmean(rows, axis=0)
    return {"dice": float(each.mean()), **dict(zip(PARTS.values(), each.tolist(), strict=True))}


def judged(cases: Sequence[Case], folder: Path) -> dict[str, Any]:
    """Dice of predictions that were written as files; they must lie on the grids of their images."""
    maps = [LabelMapFile(folder / f"{case.key}.nii.gz", case.predictors, PARTS).read().labels for case in cases]
    return scored(cases, [Segmentation.drawn(one.astype(np.uint8), len(PARTS)) for one in maps])


def exported(cases: Mapping[str, Sequence[Case]], folder: Path) -> None:
    """The study's division as nnU-Net reads it: tracings of test cases are not among it."""
    raw, ready = folder / "raw" / NAME, folder / "preprocessed" / NAME
    tuning = cases["tuning"]
    for name in ("imagesTr", "labelsTr", "imagesTs"):
        (raw / name).mkdir(parents=True)
    ready.mkdir(parents=True)
    for case in (*cases["development"], *tuning):
        shutil.copyfile(case.predictors.path, raw / "imagesTr" / f"{case.key}_0000.nii.gz")
        shutil.copyfile(case.outcome.drawn.path, raw / "labelsTr" / f"{case.key}.nii.gz")
    for case in cases["test"]:
        shutil.copyfile(case.predictors.path, raw / "imagesTs" / f"{case.key}_0000.nii.gz")
    described = {
        "channel_names": {"0": "MRI"},
        "labels": {"background": 0, **{name: number for number, name in PARTS.items()}},
        "numTraining": len(cases["development"]) + len(tuning),
        "file_ending": ".nii.gz",
    }
    (raw / "dataset.json").write_text(json.dumps(described, indent=1) + "\n", "utf-8")
    folds = [{"train": [str(case.key) for case in cases["development"]], "val": [str(case.key) for case in tuning]}]
    (ready / "splits_final.json").write_text(json.dumps(folds, indent=1) + "\n", "utf-8")


def nnunet(python: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Prepare and train in nnU-Net's environment, judge its answers here."""
    cases = divided()
    exported(cases, folder)
    threads = str(options.threads)
    paths = {f"nnUNet_{name}": str(folder / name) for name in ("raw", "preprocessed", "results")}
    settings = {**dict.fromkeys((*_THREADS, "nnUNet_def_n_proc"), threads), "PYTHONPATH": str(_HERE)}
    words = ["--minutes", str(options.minutes), "--points", str(options.points), "--threads", threads]
    words += ["--seed", str(SEED), *(["--test"] if options.test else [])]
    words += ["--cases", str(options.cases)] if options.cases else []
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        for stage in ("prepare", "train"):
            # Augmentation in the process that trains, so that its seconds count; planning wants to be allowed one more.
            settings["nnUNet_n_proc_DA"] = "0" if stage == "train" else "1"
            command = [str(python), "-m", "nnunet_side.bounded", str(folder), stage, *words]
            done = subprocess.run(
                command, check=False, env={**os.environ, **paths, **settings}, stdout=log, stderr=subprocess.STDOUT
            )
            if done.returncode:
                msg = f"nnU-Net ended with {done.returncode} in its stage {stage!r}; {log.name} tells why"
                raise SystemExit(msg)
    found: dict[str, Any] = json.loads((folder / "train.json").read_text("utf-8"))
    found |= json.loads((folder / "prepare.json").read_text("utf-8"))
    answers = folder / "answers"
    for row in [*found["points"], found["mirrored"]]:
        row.update(judged(cases["tuning"][: options.cases], answers / row["folder"]))
    if options.test:
        found["test"] |= judged(cases["test"], answers / found["test"]["folder"])
    return found


def on_record() -> dict[str, Any] | None:
    """What the reproduction of the study found on the same test cases; None where it was not run."""
    record = json.loads(RECORD.read_text("utf-8")) if RECORD.is_file() else {}
    if record.get("seed") != SEED:
        return None
    own = {
        line["measure"]: line["ours"]
        for line in record["lines"]
        if line["learner"] == "u_net" and line["group"] == "all"
    }
    each = {name: own[f"dice_{name}"] for name in PARTS.values()}
    return {"dice": sum(each.values()) / len(each), **each}


def shown(found: Mapping[str, Any]) -> None:
    """Print both curves, memory and, where they were asked for, test cases."""
    print(f"{found['minutes']:g} minutes of the processor each, {found['threads']} thread(s); Dice of tuning cases")
    for side in ("bedside", "nnU-Net"):
        one = found[side]
        print(f"\n{side}: {one['parameters'] / 1e6:.1f} M weights, peak memory {one['peak']:.0f} MiB")
        for row in one["points"]:
            parts = "  ".join(f"{name} {row[name]:.3f}" for name in PARTS.values())
            print(
                f"{row['seconds'] / 60:8.1f} min  Dice {row['dice']:.3f}  {parts}  {row['windows']:7,d} windows seen  "
                f"{row['seconds_a_case']:.2f} s a prediction"
            )
    theirs = found["nnU-Net"]
    mirrored = theirs["mirrored"]
    print(f"mirrored     Dice {mirrored['dice']:.3f}  {mirrored['seconds_a_case']:.2f} s a prediction")
    print(f"its plan: {theirs['plan']}; prepared in {theirs['preparation_seconds'] / 60:.1f} min, not counted")
    if "test" in theirs:
        ours = found["bedside on record"]
        recorded = f"{ours['dice']:.3f} on record" if ours else "not on record (reproductions/hippocampus_mri.py)"
        print(f"\nDice of test cases: nnU-Net {theirs['test']['dice']:.3f}, bedside {recorded}")


def main() -> None:
    """Measure both sides, ours first; the result is also kept in the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="of the processor, for each side")
    parser.add_argument("--points", type=int, default=6, help="looks at the tuning cases, evenly spread")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cases", type=int, help="tuning cases that are looked at; all when not given")
    parser.add_argument("--test", action="store_true", help="let nnU-Net outline the test cases, once, at the end")
    parser.add_argument("--together", action="store_true", help="both sides at once; needs a core for each thread")
    parser.add_argument("--folder", type=Path, default=Path("runs/nnunet"), help="for what is exported and found")
    parser.add_argument("--environment", type=Path, help="nnU-Net's; below the folder when not given")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(bedside(options)))
        return
    python = (options.environment or options.folder / "environment").absolute() / "bin" / "python"
    if not python.exists():
        msg = f"nnU-Net is not measured: there is no {python}; the head of {Path(__file__).name} says how to make it"
        if options.environment or options.test:
            raise SystemExit(msg)
        print(msg)
        return
    work = options.folder.absolute() / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    words = ["--minutes", str(options.minutes), "--points", str(options.points), "--threads", str(options.threads)]
    words += ["--cases", str(options.cases)] if options.cases else []
    threads = dict.fromkeys(_THREADS, str(options.threads))  # read at import
    command = [sys.executable, __file__, "--side", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **threads}) as side:
        theirs = nnunet(python, work, options) if options.together else None
        output, _ = side.communicate()
    if side.returncode:
        raise SystemExit(side.returncode)
    ours = json.loads(output.splitlines()[-1])
    theirs = theirs or nnunet(python, work, options)
    told = {"minutes": options.minutes, "threads": options.threads, "seed": SEED, "bedside": ours, "nnU-Net": theirs}
    told["bedside on record"] = on_record() if options.test else None
    (options.folder / "result.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    if options.json:
        print(json.dumps(told, indent=1))
        return
    shown(told)


if __name__ == "__main__":
    main()
