"""Fits one toy network in one process or in several; started by test_parallel.py, under torchrun or alone."""

import json
import os
import sys
from pathlib import Path

import numpy as np
from safetensors.torch import save_file
from tests.training.toy import ToyTrunk, fit, network, pictures, weights

from bedside.training.engine import accelerated
from bedside.training.loop import Loop


def main() -> None:
    devices, folder = int(sys.argv[1]), Path(sys.argv[2])
    loop = Loop(epochs=6, batch=15, schedule="cosine", ema=0.9, engine=accelerated("cpu", devices=devices))
    # 47 cases in batches of 15 and 16: the processes' shares differ in size.
    fitted, record = fit(network(loop, ToyTrunk(convolve=True)), cases=47)
    told = fitted.predict([one.predictors for one in pictures(20, seed=8)])
    rank = os.environ.get("RANK", "0")
    save_file({name: value.contiguous() for name, value in weights(fitted).items()}, folder / f"{rank}.safetensors")
    (folder / f"{rank}.json").write_text(json.dumps({"record": record, "told": np.asarray(told).tolist()}))


if __name__ == "__main__":
    main()
