"""Voxels per second of predictions in windows against MONAI's, in the same run and process tree.

    python benchmarks/windows.py [--json] [--side 96]

Both sides get the same network, window, overlap, batch and weights of blending (MONAI's own are cut off at .001, so
that its answers differ near edges), one thread, and a volume in memory; they must agree on all probabilities. Seconds
are of the processor; memory is the most that each side's process held above what it held before it predicted.
"""

import argparse
import json
import multiprocessing
import os
import resource
import time
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402 - thread counts are read at import
import torch  # noqa: E402
from monai.inferers.inferer import SlidingWindowInferer  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from bedside.endpoints.mask.head import MaskHead  # noqa: E402
from bedside.endpoints.mask.kind import mask  # noqa: E402
from bedside.modalities.imaging.batches import ImageTensors  # noqa: E402
from bedside.modalities.imaging.image import Geometry, Image  # noqa: E402
from bedside.modalities.imaging.plan import ImagePlan  # noqa: E402
from bedside.modalities.imaging.windows.plan import WindowPlan  # noqa: E402
from bedside.modalities.imaging.windows.trunk import WindowTrunk  # noqa: E402
from bedside.networks.convolutional.decoder import Decoded  # noqa: E402
from bedside.networks.convolutional.unet import UNet  # noqa: E402
from bedside.training.determinism import deterministic  # noqa: E402
from bedside.training.model import Model  # noqa: E402
from bedside.training.windows import Axis, Windows  # noqa: E402

PATCH, OVERLAP, CHUNK = (32, 32, 32), 0.5, 4


class Timing(NamedTuple):
    """One side.

    Attributes:
        name: Whose.
        seconds: Of the processor, the least of several runs.
        voxels: Of the volume.
        mebibytes: Most held above what was held before.
        shares: Probability of each structure in 255ths, for every voxel.
    """

    name: str
    seconds: float
    voxels: int
    mebibytes: float
    shares: NDArray[np.uint8]

    @property
    def speed(self) -> float:
        """Voxels a second."""
        return self.voxels / self.seconds


def prepared(side: int) -> tuple[Any, Any, Image]:
    """The same model and volume on both sides."""
    volume = np.random.default_rng(0).normal(size=(1, side, side, side)).astype(np.float32)
    image = Image(volume, Geometry((1.0, 1.0, 1.0)))
    plan = WindowPlan(ImagePlan(size=PATCH, spacing=(1.0, 1.0, 1.0), scale="image", clip=None))
    fitted = WindowTrunk(plan, Decoded(UNet(width=0.5))).prepare([image])
    with deterministic(0):
        encoder = fitted.encoder({"width": 1.0})
        model: Any = Model(encoder, MaskHead(mask(("one", "two"), tolerance_mm=1.0), encoder.width, 1))
    return model.eval(), fitted, image


def ours(side: int, repeats: int) -> Timing:
    """Windows, as a study uses them: from the image to a prediction on its grid."""
    model, fitted, image = prepared(side)
    ask = Windows(overlap=OVERLAP).asked(model, fitted, [image], chunk=CHUNK)
    before, found, least = held(), None, float("inf")
    for _ in range(repeats):
        start = time.process_time()
        found = ask()
        least = min(least, time.process_time() - start)
    if found is None:
        raise AssertionError
    return Timing("bedside", least, side**3, held() - before, found[0][0].shares)


def monai(side: int, repeats: int) -> Timing:
    """MONAI's inferer on the standardised volume, to probabilities in 255ths."""
    model, _, image = prepared(side)
    pixels = torch.from_numpy((image.pixels - image.pixels.mean()) / image.pixels.std())[None]
    inferer = SlidingWindowInferer(PATCH, CHUNK, OVERLAP, mode="gaussian")
    bell = Axis.of(2 * PATCH[0], PATCH[0], OVERLAP).bell
    inferer.roi_weight_map = bell[:, None, None] * bell[:, None] * bell

    def network(window: torch.Tensor) -> torch.Tensor:
        laid = window.contiguous(memory_format=torch.channels_last_3d)
        shares: torch.Tensor = model.head.shares(model.head(model.encoder(ImageTensors(laid))))
        return shares

    before, found, least = held(), np.empty(0, dtype=np.uint8), float("inf")
    for _ in range(repeats):
        start = time.process_time()
        with torch.inference_mode():
            shares: Any = inferer(pixels, network)
            found = np.rint(shares[0, 1:].numpy() * 255).astype(np.uint8)
        least = min(least, time.process_time() - start)
    return Timing("MONAI", least, side**3, held() - before, found)


def held() -> float:
    """Most memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print both sides and their quotient."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--side", type=int, default=96, help="voxels along each side of the volume")
    parser.add_argument("--repeats", type=int, default=3, help="runs, of which the fastest counts")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        one, two = (pool.apply(side, (asked.side, asked.repeats)) for side in (ours, monai))
    apart = int(np.abs(one.shares.astype(int) - two.shares.astype(int)).max())
    if apart > 1:  # of rounding alone
        msg = f"probabilities of both sides are up to {apart} 255ths apart; they were not asked the same"
        raise SystemExit(msg)
    if asked.json:
        found = {each.name: {"voxels_per_second": each.speed, "mebibytes": each.mebibytes} for each in (one, two)}
        print(json.dumps({**found, "ratio": one.speed / two.speed}))
        return
    for each in (one, two):
        print(f"{each.name:8s} {each.speed:12,.0f} voxels/s  {each.mebibytes:8.0f} MiB")
    print(f"ratio {one.speed / two.speed:.2f}")


if __name__ == "__main__":
    main()
