"""Images a CPU second in training and prediction, beside the loops that people write with MONAI and PyTorch.

    python benchmarks/images.py [--size 28] [--images 4096] [--epochs 2] [--json]

The same network (our compact one), batch size, optimiser, augmentation strength and images in one run, one thread. The
plain MONAI loop decodes nothing (arrays in memory) and augments image by image with MONAI's transforms through its
DataLoader; the plain PyTorch loop does the same work as ours without augmentation, so that what our loop itself costs
can be seen. Seconds are of the processor, so that other work on the machine does not count.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402 - thread counts are read at import
import torch  # noqa: E402
from plain import BATCH, Plain, learn, log_odds, monai_data, tensor_data  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from bedside.data.sample import Sample  # noqa: E402
from bedside.endpoints.binary.head import BinaryHead  # noqa: E402
from bedside.endpoints.binary.kind import binary  # noqa: E402
from bedside.modalities.imaging.augment.standard import standard  # noqa: E402
from bedside.modalities.imaging.image import Image, Readable  # noqa: E402
from bedside.modalities.imaging.plan import ImagePlan  # noqa: E402
from bedside.modalities.imaging.simulate import radiograph  # noqa: E402
from bedside.modalities.imaging.trunk import ImageTrunk  # noqa: E402
from bedside.training.loop import Loop  # noqa: E402
from bedside.training.network import Network  # noqa: E402
from bedside.types import PatientId, SampleId  # noqa: E402

SELECTION = 256


class Line(NamedTuple):
    """Images a CPU second in training and prediction, seconds of the processor for the fit, and AUROC on new images."""

    training: float
    prediction: float
    fit: float
    auroc: float


def samples(count: int, size: int, *, start: int = 0) -> list[Sample[Readable, bool]]:
    return [
        Sample(
            SampleId(str(k)),
            PatientId(str(k)),
            Image(radiograph(ill=k % 2 == 0, seed=k, size=size).pixels),
            k % 2 == 0,
        )
        for k in range(start, start + count)
    ]


def ours(development: Any, selection: Any, new: Any, *, size: int, epochs: int, augmented: bool) -> Line:
    endpoint = binary(positive="ill", negative="well")
    plan = ImagePlan(size=(size, size))
    network = Network(
        endpoint=endpoint,
        trunk=ImageTrunk(plan),
        head=BinaryHead,
        loop=Loop(epochs=epochs, schedule="cosine", batch=BATCH),
        augment=standard(plan) if augmented else None,
    )
    fitted, seconds = timed(lambda: network.fit(network.defaults, development, selection, seed=1)[0])
    told, asked = timed(lambda: fitted.predict([sample.predictors for sample in new]))
    passes = epochs * len(development)
    return Line(passes / seconds, len(new) / asked, seconds, auroc(new, told))


def plain(development: Any, new: Any, *, size: int, epochs: int, with_monai: bool) -> Line:
    pixels, outcomes = tensors(development)
    mean, spread = pixels.mean(), pixels.std()
    torch.manual_seed(1)
    model = Plain(size)
    data = (monai_data if with_monai else tensor_data)(pixels, outcomes, mean, spread)
    _, seconds = timed(lambda: learn(model, data, epochs, lambda: False))
    asked, _ = tensors(new)
    told, spent = timed(lambda: log_odds(model, (asked - mean) / spread).sigmoid().numpy())
    return Line(epochs * len(development) / seconds, len(new) / spent, seconds, auroc(new, told))


def tensors(cases: Any) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = np.stack([sample.predictors.read().pixels for sample in cases]).astype(np.float32)
    return torch.from_numpy(pixels), torch.tensor([float(sample.outcome) for sample in cases])


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    with one_thread():
        start = time.process_time()
        done = work()
        return done, time.process_time() - start


@contextmanager
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def auroc(cases: Any, told: Any) -> float:
    return float(roc_auc_score([sample.outcome for sample in cases], told))


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=28)
    parser.add_argument("--images", type=int, default=4096)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    development = samples(options.images, options.size)
    selection = samples(SELECTION, options.size, start=10**6)
    new = samples(1024, options.size, start=2 * 10**6)
    small = samples(128, options.size, start=3 * 10**6)
    # Imports and first calls cost seconds that belong to neither side.
    ours(small, small, small, size=options.size, epochs=1, augmented=True)
    plain(small, small, size=options.size, epochs=1, with_monai=True)
    shape: dict[str, Any] = {"size": options.size, "epochs": options.epochs}
    lines = {
        "bedside, augmented": ours(development, selection, new, **shape, augmented=True),
        "bedside, not augmented": ours(development, selection, new, **shape, augmented=False),
        "plain MONAI loop, augmented": plain(development, new, **shape, with_monai=True),
        "plain PyTorch loop, not augmented": plain(development, new, **shape, with_monai=False),
    }
    ratios = {
        "training, augmented: bedside over MONAI": lines["bedside, augmented"].training
        / lines["plain MONAI loop, augmented"].training,
        "training, not augmented: bedside over PyTorch": lines["bedside, not augmented"].training
        / lines["plain PyTorch loop, not augmented"].training,
        "prediction: bedside over PyTorch": lines["bedside, not augmented"].prediction
        / lines["plain PyTorch loop, not augmented"].prediction,
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if options.json:
        content = {"lines": {name: line._asdict() for name, line in lines.items()}, "ratios": ratios, "peak_mib": peak}
        print(json.dumps(content, indent=1))
        return
    print(
        f"{options.images} images of {options.size} x {options.size}, {options.epochs} epochs, batch {BATCH}, 1 thread"
    )
    print(f"{'':36}{'train img/s':>12}{'predict img/s':>15}{'fit s':>8}{'AUROC':>8}")
    for name, line in lines.items():
        print(f"{name:36}{line.training:12.0f}{line.prediction:15.0f}{line.fit:8.1f}{line.auroc:8.3f}")
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.2f} x")
    print(f"largest memory of this process: {peak} MiB")


if __name__ == "__main__":
    main()
