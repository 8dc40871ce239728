"""Time to a target score and peak memory, beside the plain MONAI loop, each fit in a process of its own.

    python benchmarks/image_target.py [--size 28] [--images 2048] [--target 0.45] [--epochs 12] [--repeats 3] [--json]

The same network, batch size, learning rate, images and log loss to reach on the same further images, one thread. Ours
trains as a study does, with warm-up, clipping and augmentation by batches; the MONAI loop augments image by image. Both
look at the score after each pass and stop when it is reached. Seconds are of the processor, from arrays in memory to
the pass that reached the target, imports and first calls (a small fit) not counted; memory is the largest that the
process ever held, with these, and what of it came after them. What counts is the ratio within a run.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402 - thread counts are read at import

SELECTION = 512
FEW = 128
SIDES = ("bedside", "MONAI")


class Reached(NamedTuple):
    """What one fit took.

    Attributes:
        seconds: Of the processor until the target was reached; None where it was not.
        epochs: Passes until then, or in all.
        loss: Log loss on the further images after the last pass.
        peak: Largest memory of the process in MiB.
        grown: How much of it came after imports and first calls, which a small fit of the same side makes.
    """

    seconds: float | None
    epochs: int
    loss: float
    peak: float
    grown: float


class Enough(Exception):  # noqa: N818 - it ends what has succeeded
    """Ends a fit of ours from within: the target is reached."""


class Watch:
    """Notes after each pass the log loss and the seconds so far; the pass that reaches the target is the last."""

    def __init__(self, target: float) -> None:
        self.target = target
        self.before, self.started = _peak(), time.process_time()
        self.losses: list[float] = []

    def reached(self, loss: float) -> bool:
        """Whether this pass was enough."""
        self.losses.append(loss)
        self.seconds = time.process_time() - self.started
        return loss <= self.target

    def result(self) -> Reached:
        """What it took."""
        done = self.losses[-1] <= self.target
        peak = _peak()
        seconds = self.seconds if done else None
        return Reached(seconds, len(self.losses), self.losses[-1], peak, peak - self.before)


def bedside(arrays: dict[str, Any], *, target: float, epochs: int, seed: int) -> Reached:
    from dataclasses import dataclass

    from plain import BATCH

    from bedside.data.sample import Sample
    from bedside.endpoints.binary.head import BinaryHead
    from bedside.endpoints.binary.kind import binary
    from bedside.modalities.imaging.augment.standard import standard
    from bedside.modalities.imaging.image import Image, Readable
    from bedside.modalities.imaging.plan import ImagePlan
    from bedside.modalities.imaging.trunk import ImageTrunk
    from bedside.training.course import Course
    from bedside.training.loop import Loop
    from bedside.training.model import Model
    from bedside.training.network import Network
    from bedside.types import PatientId, SampleId

    @dataclass(frozen=True)
    class Watched:
        """Our loop, stopped by the watch."""

        loop: Loop
        watch: Watch
        description: str = "watched"

        def train(
            self,
            model: Model[Any],
            feed: Any,
            judge: Callable[[], float],
            *,
            learning_rate: float,
            weight_decay: float,
        ) -> Course:
            def judged() -> float:
                loss = judge()
                if self.watch.reached(loss):
                    raise Enough
                return loss

            return self.loop.train(model, feed, judged, learning_rate=learning_rate, weight_decay=weight_decay)

    def cases(part: str) -> list[Sample[Readable, bool]]:
        told = zip(arrays[f"{part}_pixels"], arrays[f"{part}_outcomes"].tolist(), strict=True)
        return [
            Sample(SampleId(f"{part} {k}"), PatientId(f"{part} {k}"), Image(pixels), bool(ill))
            for k, (pixels, ill) in enumerate(told)
        ]

    watch = Watch(target)
    plan = ImagePlan(size=arrays["development_pixels"].shape[2:])
    network = Network(
        endpoint=binary(positive="ill", negative="well"),
        trunk=ImageTrunk(plan),
        head=BinaryHead,
        loop=Watched(Loop(epochs=epochs, patience=epochs, batch=BATCH), watch),
        augment=standard(plan),
        chunk=BATCH,
    )
    with suppress(Enough):
        network.fit(network.defaults, cases("development"), cases("selection"), seed=seed)
    return watch.result()


def plain_monai(arrays: dict[str, Any], *, target: float, epochs: int, seed: int) -> Reached:
    import torch
    from plain import Plain, learn, log_odds, monai_data

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    watch = Watch(target)
    pixels, asked = (torch.from_numpy(arrays[f"{part}_pixels"]) for part in ("development", "selection"))
    outcomes, truth = (torch.from_numpy(arrays[f"{part}_outcomes"]) for part in ("development", "selection"))
    mean, spread = pixels.mean(), pixels.std()
    model = Plain(pixels.shape[-1])
    standardised = (asked - mean) / spread
    loss = torch.nn.BCEWithLogitsLoss()
    learn(
        model,
        monai_data(pixels, outcomes, mean, spread),
        epochs,
        lambda: watch.reached(float(loss(log_odds(model, standardised), truth))),
    )
    return watch.result()


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def written(folder: Path, images: int, size: int) -> None:
    """Development and further images as one file, so that neither side's process has to make them."""
    from bedside.modalities.imaging.simulate import radiograph

    arrays: dict[str, Any] = {}
    for part, start, count in (("development", 0, images), ("selection", 10**6, SELECTION)):
        ill = np.arange(start, start + count) % 2 == 0
        pictures = [radiograph(ill=bool(one), seed=start + k, size=size).pixels for k, one in enumerate(ill)]
        arrays[f"{part}_pixels"] = np.stack(pictures).astype(np.float32)
        arrays[f"{part}_outcomes"] = ill.astype(np.float32)
    np.savez(folder / "images.npz", **arrays)


def fitted(side: str, folder: Path, options: argparse.Namespace, seed: int) -> Reached:
    """One fit in a process of its own."""
    words = ["--side", side, "--folder", str(folder), "--seed", str(seed)]
    words += ["--target", str(options.target), "--epochs", str(options.epochs)]
    done = subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True)
    return Reached(*json.loads(done.stdout.splitlines()[-1]))


def ratios(found: dict[str, list[Reached]]) -> dict[str, float | None]:
    """MONAI over ours: medians of the fits; None for the time where a fit missed the target."""
    ours, theirs = (found[side] for side in SIDES)

    def over(name: str) -> float | None:
        mine, other = ([getattr(one, name) for one in side] for side in (ours, theirs))
        return None if None in (*mine, *other) else median(other) / median(mine)

    names = {
        "time to the target": "seconds",
        "passes to the target": "epochs",
        "peak memory": "peak",
        "memory beyond imports and first calls": "grown",
    }
    return {f"{words}: MONAI over bedside": over(name) for words, name in names.items()}


def main() -> None:
    """Print ratios, or JSON with every fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=28)
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--target", type=float, default=0.45, help="log loss on further images")
    parser.add_argument("--epochs", type=int, default=12, help="after which a fit gives up")
    parser.add_argument("--repeats", type=int, default=3, help="fits of each side, of different seeds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        with np.load(options.folder / "images.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
        fit = bedside if options.side == "bedside" else plain_monai
        # Imports and first calls belong to neither side.
        fit({name: values[:FEW] for name, values in arrays.items()}, target=0.0, epochs=1, seed=0)
        print(json.dumps(fit(arrays, target=options.target, epochs=options.epochs, seed=options.seed)))
        return
    found: dict[str, list[Reached]] = {side: [] for side in SIDES}
    with TemporaryDirectory() as name:
        written(Path(name), options.images, options.size)
        for seed in range(1, options.repeats + 1):
            for side in SIDES:
                found[side].append(fitted(side, Path(name), options, seed))
    told = ratios(found)
    if options.json:
        every = {side: [one._asdict() for one in fits] for side, fits in found.items()}
        print(json.dumps({"fits": every, "ratios": told}, indent=1))
        return
    print(f"{options.images} images of {options.size} x {options.size}, log loss {options.target:g}, 1 thread")
    for side, fits in found.items():
        print(f"{side:10}" + "; ".join(f"loss {one.loss:.3f} after {one.epochs} passes" for one in fits))
    for words, ratio in told.items():
        print(f"{words}: {f'{ratio:.2f} x' if ratio is not None else 'not reached by every fit'}")


if __name__ == "__main__":
    main()
