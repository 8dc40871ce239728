"""Several processes train one model as one process does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.training.toy import fit, network

from bedside.errors import ModelError
from bedside.training.engine import accelerated
from bedside.training.loop import Loop

ROOT = Path(__file__).parents[2]


def started(processes: int, folder: Path) -> None:
    folder.mkdir()
    command = [sys.executable, "-m"]
    if processes > 1:
        command += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    command += ["tests.training.parallel_run", str(processes), str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_two_processes_are_one(tmp_path: Path) -> None:
    started(1, tmp_path / "one")
    started(2, tmp_path / "two")
    alone = json.loads((tmp_path / "one" / "0.json").read_text())
    together = [json.loads((tmp_path / "two" / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert together[0] == together[1], "both processes hold the same model"
    np.testing.assert_allclose(together[0]["told"], alone["told"], atol=1e-5)
    for column in ("training", "selection", "rate"):
        np.testing.assert_allclose(
            together[0]["record"]["curve"][column], alone["record"]["curve"][column], rtol=1e-4, err_msg=column
        )
    one, two = (load_file(tmp_path / folder / "0.safetensors") for folder in ("one", "two"))
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, atol=1e-4, rtol=1e-3)


def test_several_devices_need_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelError, match=r"2 devices needs as many processes.*torchrun --nproc-per-node 2"):
        fit(network(Loop(epochs=1, engine=accelerated("cpu", devices=2))))
