"""PyHealth's half of the comparison; runs in PyHealth's own environment and never sees bedside.

    python benchmarks/pyhealth_side/stages.py import|prepare|train|fitted FOLDER TOLD [--hours 48] [--epochs 6] ...

Everything is PyHealth's own: `MEDSDataset` with the configuration it ships for stays, its task
`InHospitalMortalityMEDS`, its `Split`, its `RNN` and its `Trainer`. The partition of patients is the benchmark's. What
a stage found is written as JSON to TOLD. PyHealth asks for Python 3.12, of which the parts used here need one function
only, `itertools.batched`; an older Python is given the same one from more-itertools, which PyHealth brings.
"""

import argparse
import itertools
import json
import logging
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

PARTS = ("development", "selection", "test")
KEPT: list[Any] = []
"""What would be gone again if nothing held it."""
FOLDS = 10
"""Patients are divided by the last digit of their number: 0 to 5, 6 and 7, 8 and 9."""


def part_of(patient: int) -> int:
    """The partition of a patient, as its place in `PARTS`; the same on both sides."""
    return (0, 0, 0, 0, 0, 0, 1, 1, 2, 2)[patient % FOLDS]


def read(options: argparse.Namespace) -> Any:
    """The source as PyHealth's table of events; nothing is computed yet."""
    from pyhealth.datasets import MEDSDataset, configs  # type: ignore[import-not-found]

    shipped = Path(configs.__file__).parent / "meds_with_hadm.yaml"
    cache = options.folder / "cache"
    return MEDSDataset(root=str(options.folder / "source"), config_path=str(shipped), cache_dir=str(cache))


def task(options: argparse.Namespace) -> Any:
    """Its own task: death in the stay, from the codes of the first hours of a stay that is longer."""
    from pyhealth.tasks.in_hospital_mortality_meds import InHospitalMortalityMEDS  # type: ignore[import-not-found]

    return InHospitalMortalityMEDS(observation_window="first_hours", window_hours=options.hours)


def divided() -> Any:
    """The benchmark's partition as one of its splits: its processors are then fitted on development only."""
    import numpy as np
    from pyhealth.datasets import Split

    class ByPatient(Split):  # type: ignore[misc]
        def split_indices(self, patient_to_index: Mapping[str, Sequence[int]]) -> list[Any]:
            parts: tuple[list[int], ...] = ([], [], [])
            for patient, indices in patient_to_index.items():
                parts[part_of(int(patient))].extend(indices)
            return [np.array(sorted(part), dtype=np.int64) for part in parts]

        def to_dict(self) -> dict[str, Any]:
            return {"kind": "by the last digit of the patient's number"}

    return ByPatient()


def imported(_options: argparse.Namespace) -> dict[str, Any]:
    """Nothing but importing what the other stages need."""
    import pyhealth.datasets  # type: ignore[import-not-found]
    import pyhealth.models  # type: ignore[import-not-found]
    import pyhealth.trainer  # type: ignore[import-not-found]  # noqa: F401

    names = ("pyhealth", "torch", "litdata", "dask", "polars")
    return {"python": sys.version.split()[0], "versions": {name: version(name) for name in names}}


def prepare(options: argparse.Namespace) -> dict[str, Any]:
    """From the source to samples on disk, ready for a loader."""
    parts = read(options).set_task(task(options), split=divided())
    codes = parts[0].input_processors["codes"]
    found: dict[str, Any] = {"samples": [len(part) for part in parts], "kinds of event": codes.vocab_size() - 2}
    return found


def train(options: argparse.Namespace) -> dict[str, Any]:
    """A GRU over the codes of each sample; what was prepared is found in the cache."""
    import torch
    from pyhealth.datasets import get_dataloader
    from pyhealth.models import RNN
    from pyhealth.trainer import Trainer
    from sklearn.metrics import roc_auc_score

    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    parts = read(options).set_task(task(options), split=divided())
    loaders = [get_dataloader(part, options.batch, shuffle=part is parts[0], seed=options.seed) for part in parts]
    marks: list[tuple[float, float]] = []

    class Timed(Trainer):  # type: ignore[misc]
        def evaluate(self, dataloader: Any) -> dict[str, float]:
            found: dict[str, float] = super().evaluate(dataloader)
            marks.append((time.process_time(), time.perf_counter()))
            return found

    model = RNN(
        parts[0], embedding_dim=options.width, hidden_dim=options.width, rnn_type="GRU", dropout=options.dropout
    )
    trainer = Timed(model, metrics=["roc_auc"], device="cpu", enable_logging=False)
    trainer.train(
        train_dataloader=loaders[0],
        val_dataloader=loaders[1],
        epochs=options.epochs,
        optimizer_class=torch.optim.AdamW,
        optimizer_params={"lr": options.rate},
        weight_decay=options.decay,
        max_grad_norm=1.0,
        monitor="loss",
        monitor_criterion="min",
    )
    outcomes, answers, _ = trainer.inference(loaders[2])
    outcomes, answers = outcomes.reshape(-1), answers.reshape(-1)
    codes = [len(parts[0][k]["codes"]) for k in range(len(parts[0]))]
    return {
        "weights": sum(one.numel() for one in model.parameters()),
        "steps an epoch": len(loaders[0]),
        "events of a sample, mean": sum(codes) / len(codes),
        **each_epoch(marks),
        "test deaths": int(outcomes.sum()),
        "auroc": float(roc_auc_score(outcomes, answers)),
    }


def each_epoch(marks: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Seconds of an epoch with its validation, the first one left out, which warms up."""
    (processor, wall), (processor_last, wall_last), n = marks[0], marks[-1], len(marks) - 1
    return {"CPU s an epoch": (processor_last - processor) / n, "wall s an epoch": (wall_last - wall) / n}


def fitted(options: argparse.Namespace) -> dict[str, Any]:
    """Whether the vocabulary has a code that only test patients have: fitted as it is unasked, and with a split."""
    warned: list[str] = []

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warned.append(record.getMessage())

    logging.getLogger("pyhealth").addHandler(Heard(logging.WARNING))
    found: dict[str, Any] = {}
    for name, split in (("without a split", None), ("with a split", divided())):
        warned.clear()
        told = read(options).set_task(task(options), split=split)
        codes = (told if split is None else told[0]).input_processors["codes"].code_vocab
        about = [line for line in warned if "fitted" in line]
        found[name] = {
            "kinds of event": len(codes) - 2,
            "knows the test's code": options.code in codes,
            "warned": about,
        }
    return found


STAGES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "import": imported,
    "prepare": prepare,
    "train": train,
    "fitted": fitted,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What a stage is told, on both sides."""
    parser.add_argument("stage", choices=tuple(STAGES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("told", type=Path)
    parser.add_argument("--hours", type=float, default=48.0)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--code", default="")


def tell(stages: Mapping[str, Callable[[argparse.Namespace], dict[str, Any]]]) -> None:
    """Do one stage and write what it found, with what the process itself counted."""
    parser = argparse.ArgumentParser()
    arguments(parser)
    options = parser.parse_args()
    found = stages[options.stage](options)
    found["own peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    options.told.write_text(json.dumps(found), "utf-8")


def supply() -> None:
    """What an older Python, and a torchvision that was built for GPUs, lack where they are."""
    import torch

    if not hasattr(itertools, "batched"):
        import more_itertools  # type: ignore[import-not-found]

        itertools.batched = more_itertools.batched  # type: ignore[attr-defined]
    if torch.version.cuda is None and sys.platform == "linux" and not version("torchvision").endswith("+cpu"):
        # Of images nothing is used here, but PyHealth imports it, and it asks torch for these names.
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor a, Tensor b, float c) -> Tensor")  # type: ignore[no-untyped-call]
        KEPT.append(library)


if __name__ == "__main__":
    supply()
    tell(STAGES)
