"""A fit that is interrupted goes on where it stopped and ends in the same bytes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conformance.learner import contents
from tests.training.test_feed import Blend, Noise
from tests.training.toy import ToyTrunk, fit, network

from bedside.errors import ModelError
from bedside.training.engine import accelerated
from bedside.training.loop import Loop
from bedside.training.state import State
from bedside.training.workplace import Workplace, at

ROOT = Path(__file__).parents[2]

TRUNK = ToyTrunk(convolve=True, normalise=True, dropout=0.3)
LOOPS = {
    "constant": Loop(epochs=30, batch=16, patience=5),
    "cosine": Loop(epochs=9, batch=16, schedule="cosine", ema=0.9),
    "fabric": Loop(epochs=7, batch=16, ema=0.9, engine=accelerated("cpu")),
}


class Interrupted(Exception):  # noqa: N818 - as if somebody pulled the plug
    pass


def done(loop: Loop, folder: Path) -> tuple[dict[str, str], Any]:
    """Bytes of the saved model, and the record."""
    fitted, record = fit(network(loop, TRUNK, augment=Noise(), mixing=Blend(0.7)))
    fitted.save(folder)
    return contents(folder), record


def epochs_of(told: list[int]) -> Callable[[str, int, int], None]:
    return lambda what, step, total: told.append(step) if what == "epoch" and total else None


@pytest.mark.parametrize("name", LOOPS)
def test_resumed_is_uninterrupted(name: str, tmp_path: Path) -> None:
    loop = LOOPS[name]
    expected = done(loop, tmp_path / "whole")
    work = tmp_path / "work"

    def plug(what: str, step: int, total: int) -> None:
        del what, total
        if step == 4:
            raise Interrupted

    with at(Workplace(work, 0.0, plug)), pytest.raises(Interrupted):
        done(loop, tmp_path / "never")
    assert len(list(work.iterdir())) == 1
    # The generator goes on from where the checkpoint says, whatever happened in between.
    torch.rand(5)
    told: list[int] = []
    with at(Workplace(work, 0.0, epochs_of(told))):
        assert done(loop, tmp_path / "resumed") == expected
    assert told == list(range(4, expected[1]["epochs"] + 1)), "the first three epochs were not trained again"
    told.clear()
    with at(Workplace(work, 0.0, epochs_of(told))):
        assert done(loop, tmp_path / "again") == expected
    assert told == [], "a finished fit is taken as it is"


def test_another_fit_does_not_take_it_up(tmp_path: Path) -> None:
    loop = LOOPS["cosine"]
    with at(Workplace(tmp_path / "work", 0.0)):
        done(loop, tmp_path / "one")
        for number, other in enumerate(({"learning_rate": 0.02}, {"seed": 8}, {"cases": 50})):
            told: list[int] = []
            with at(Workplace(tmp_path / "work", 0.0, epochs_of(told))):
                fit(network(loop, TRUNK, augment=Noise(), mixing=Blend(0.7)), **other)  # type: ignore[arg-type]
            assert told == list(range(1, 10))
            assert len(list((tmp_path / "work").iterdir())) == number + 2


def test_a_short_fit_writes_nothing(tmp_path: Path) -> None:
    with at(Workplace(tmp_path / "work", 60.0)):
        done(LOOPS["cosine"], tmp_path / "model")
    assert not (tmp_path / "work").exists()


def test_without_a_workplace_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fit(network(LOOPS["cosine"], TRUNK))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    with at(Workplace(tmp_path / "work", 0.0)):
        done(LOOPS["cosine"], tmp_path / "model")
        (file,) = (tmp_path / "work").iterdir()
        for damage in (file.read_bytes()[:200], b""):
            file.write_bytes(damage)
            with pytest.raises(ModelError, match=f"checkpoint {file.name} is damaged.*delete the folder"):
                done(LOOPS["cosine"], tmp_path / "again")


def test_moments_lie_as_their_weights_do() -> None:
    # The fused step of AdamW walks weights and moments side by side: another layout would pair the wrong numbers.
    kernel = torch.nn.Parameter(torch.randn(4, 3, 2, 2).contiguous(memory_format=torch.channels_last))
    module = torch.nn.Module()
    module.kernel = kernel
    optimizer = torch.optim.AdamW([kernel], fused=True)
    kernel.square().sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    from bedside.training.engine import SingleThread

    state = State(module, optimizer, SingleThread(), None)
    saved = state.saved()
    before = optimizer.state[kernel]["exp_avg"].clone()
    packed = {name: value.clone(memory_format=torch.contiguous_format) for name, value in saved.tensors.items()}
    state.take_up(type(saved)(packed, saved.facts))
    after = optimizer.state[kernel]["exp_avg"]
    assert after.stride() == kernel.stride()
    assert torch.equal(before, after)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.test_checkpoint import LOOPS, done
from bedside.training.workplace import Workplace, at

def kill(what, step, total):
    if step == 3:
        os.kill(os.getpid(), signal.SIGKILL)

with at(Workplace(Path(sys.argv[1]) / "work", 0.0, kill)):
    done(LOOPS["cosine"], Path(sys.argv[1]) / "never")
"""


def test_a_killed_process_is_taken_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    killed = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    told: list[int] = []
    with at(Workplace(tmp_path / "work", 0.0, epochs_of(told))):
        resumed = done(LOOPS["cosine"], tmp_path / "resumed")
    assert told[0] == 3
    assert resumed == done(LOOPS["cosine"], tmp_path / "whole")
