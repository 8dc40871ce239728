"""nnU-Net's half of the comparison; runs in nnU-Net's own environment and never sees bedside.

    python -m nnunet_side.bounded FOLDER prepare
    python -m nnunet_side.bounded FOLDER train --minutes 60 --points 6 --threads 1 --seed 1 [--test]

Plans, network, sampling, augmentation, loss and optimizer are nnU-Net's. Changed are the length of an epoch, which is
shorter so that answers can be looked at, and the course of the learning rate: nnU-Net's polynomial, over the minutes
that there are instead of over 1,000 epochs, which would leave it at its beginning. Its paths come from its environment
variables, which `benchmarks/nnunet.py` sets.
"""

import argparse
import json
import random
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nnunet_side.clock import Clock, peak
from nnunetv2.experiment_planning.plan_and_preprocess_api import (  # type: ignore[import-not-found]
    extract_fingerprint_dataset,
    plan_experiment_dataset,
    preprocess_dataset,
)
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # type: ignore[import-not-found]
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer  # type: ignore[import-not-found]

NUMBER, NAME, CONFIGURATION = 4, "Dataset004_Hippocampus", "3d_fullres"
STEPS, LOOKS = 5, 1
"""Steps of training and of validation in an epoch, in nnU-Net's proportion (250 to 50)."""


class Bounded(nnUNetTrainer):  # type: ignore[misc]
    """nnU-Net's trainer, ended by a clock.

    Attributes:
        minutes: Of the processor, from the first step on.
        points: How often the tuning cases are predicted.
        images: Tuning cases by their names.
        answers: Where predictions go.
        found: A row for each look: seconds, steps, windows, and the folder of the answers.
    """

    minutes: float
    points: int
    images: dict[str, Path]
    answers: Path
    found: list[dict[str, Any]]

    def run_training(self) -> None:
        """Train until the minutes are spent."""
        self.on_train_start()
        self.clock, self.steps, self.found = Clock(60 * self.minutes, self.points), 0, []
        while not self.found or self.found[-1]["seconds"] < self.clock.budget:
            self.on_epoch_start()
            self.on_train_epoch_start()
            self.on_train_epoch_end(self._steps())
            with torch.no_grad():
                self.on_validation_epoch_start()
                self.on_validation_epoch_end([self.validation_step(next(self.dataloader_val)) for _ in range(LOOKS)])
            with self.clock.paused():  # its drawing of progress is meant for epochs fifty times as long
                self.on_epoch_end()
                if self.clock.due() or self.clock.share >= 1:
                    self._look()
        self.on_train_end()

    def predict(self, images: dict[str, Path], folder: Path, *, mirrored: bool) -> float:
        """Write predictions with nnU-Net's own inference; returns seconds of the processor a case."""
        predictor = nnUNetPredictor(use_mirroring=mirrored, device=self.device, allow_tqdm=False)
        weights = [self.network.state_dict()]
        axes = self.inference_allowed_mirroring_axes
        predictor.manual_initialization(
            self.network, self.plans_manager, self.configuration_manager, weights, self.dataset_json, "Bounded", axes
        )
        reader = self.plans_manager.image_reader_writer_class()
        folder.mkdir(parents=True)
        self.set_deep_supervision_enabled(False)
        self.network.eval()
        before = time.process_time()
        for name, path in images.items():
            pixels, properties = reader.read_images([str(path)])
            predictor.predict_single_npy_array(pixels, properties, None, str(folder / name))
        spent = time.process_time() - before
        self.set_deep_supervision_enabled(self.enable_deep_supervision)
        return spent / len(images)

    def _steps(self) -> list[Any]:
        """One short epoch; the learning rate falls with the clock."""
        told = []
        for _ in range(STEPS):
            self.lr_scheduler.step(min(int(self.clock.share * self.num_epochs), self.num_epochs - 1))
            told.append(self.train_step(next(self.dataloader_train)))
            self.steps += 1
            if self.clock.share >= 1:
                break
        return told

    def _look(self) -> None:
        folder = self.answers / f"tuning-{len(self.found) + 1}"
        seconds = self.clock.seconds
        each = self.predict(self.images, folder, mirrored=False)
        windows = self.steps * int(self.batch_size)
        row = {"seconds": seconds, "steps": self.steps, "windows": windows, "seconds_a_case": each}
        self.found.append({**row, "folder": folder.name})


def prepare() -> dict[str, Any]:
    """Fingerprint, plans and preprocessed cases; its own process and children."""
    extract_fingerprint_dataset(NUMBER, num_processes=1, check_dataset_integrity=True)
    plan_experiment_dataset(NUMBER)
    preprocess_dataset(NUMBER, configurations=(CONFIGURATION,), num_processes=(1,))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "preparation_seconds": sum(one.ru_utime + one.ru_stime for one in used),
        "preparation_peak": max(one.ru_maxrss for one in used) / 1024,
    }


def train(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train for the minutes, look at tuning cases on the way; test cases at the end, where they were asked for."""
    torch.set_num_threads(options.threads)
    random.seed(options.seed)
    np.random.seed(options.seed)  # noqa: NPY002 - nnU-Net draws from the global generators
    torch.manual_seed(options.seed)
    home = folder / "preprocessed" / NAME
    plans, dataset = (json.loads((home / f"{name}.json").read_text("utf-8")) for name in ("nnUNetPlans", "dataset"))
    trainer = Bounded({**plans, "continue_training": False}, CONFIGURATION, 0, dataset, torch.device("cpu"))
    split = json.loads((home / "splits_final.json").read_text("utf-8"))[0]
    trainer.disable_checkpointing = True  # the last weights are what is judged; nothing is taken up again
    trainer.minutes, trainer.points = options.minutes, options.points
    trainer.images = _images(folder / "raw" / NAME / "imagesTr", split["val"][: options.cases])
    trainer.answers = folder / "answers"
    trainer.run_training()
    plan = trainer.configuration_manager
    told = {
        "points": trainer.found,
        "steps": trainer.steps,
        "peak": peak(),
        "parameters": sum(one.numel() for one in trainer.network.parameters()),
        "plan": f"window {tuple(plan.patch_size)}, {plan.batch_size} a step, spacing {tuple(plan.spacing)}",
    }
    told["mirrored"] = _last(trainer, trainer.images, "tuning-mirrored")
    if options.test:
        tests = sorted((folder / "raw" / NAME / "imagesTs").glob("*_0000.nii.gz"))
        names = [path.name.removesuffix("_0000.nii.gz") for path in tests]
        told["test"] = _last(trainer, dict(zip(names, tests, strict=True)), "test")
    return told


def _last(trainer: Bounded, images: dict[str, Path], name: str) -> dict[str, Any]:
    """Predictions of the last weights, averaged over mirrored copies as nnU-Net does when it is used."""
    return {"folder": name, "seconds_a_case": trainer.predict(images, trainer.answers / name, mirrored=True)}


def _images(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    return {name: folder / f"{name}_0000.nii.gz" for name in names}


def main() -> None:
    """Do one stage and write what it found beside the data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("stage", choices=("prepare", "train"))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--points", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int)
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args()
    found = prepare() if options.stage == "prepare" else train(options.folder, options)
    (options.folder / f"{options.stage}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
