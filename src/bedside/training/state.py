"""Everything that changes while a network is trained, so that it can be written down and taken up again."""

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bedside.training.averaging import Average, put, state
from bedside.training.checkpoint import Saved
from bedside.training.course import Epoch
from bedside.training.engine import Engine
from bedside.types import Json


@dataclass(eq=False)
class State:
    """A training course under way.

    Attributes:
        model: Whose weights are fitted.
        optimizer: Its moments.
        engine: Where it runs.
        average: Of the weights; None where the weights themselves are judged and kept.
        step: Steps taken.
        curve: Epochs so far.
        best: Epoch of the kept weights.
        loss: Their loss on the selection data.
        kept: The weights of the best epoch.
        finished: Whether training is over.
    """

    model: nn.Module
    optimizer: Optimizer
    engine: Engine
    average: Average | None
    step: int = 0
    curve: list[Epoch] = field(default_factory=list)
    best: int = 0
    loss: float = math.inf
    kept: dict[str, Tensor] = field(default_factory=dict)
    finished: bool = False

    def stepped(self) -> None:
        """The optimizer has taken a step."""
        if self.average is not None:
            self.average.update()

    def judged(self, judge: Callable[[], float], epoch: int, training: Tensor, rate: float) -> float:
        """End an epoch: judge the weights that would be kept, and keep them when they are the best so far."""
        device = next(self.model.parameters()).device
        with self.average.in_place() if self.average is not None else nullcontext():
            self.engine.align(self.model)
            found = float(self.engine.all_reduce(torch.tensor(judge(), dtype=torch.float64, device=_float64(device))))
            self.curve.append(Epoch(epoch, float(training), found, rate))
            if found < self.loss:
                self.best, self.loss = epoch, found
                self.kept = {name: value.clone() for name, value in state(self.model).items()}
        return found

    def saved(self) -> Saved:
        """All of it, with the state of torch's generators."""
        tensors = {f"model/{name}": value for name, value in state(self.model).items()}
        tensors |= {f"kept/{name}": value for name, value in self.kept.items()}
        tensors["generator/cpu"] = torch.get_rng_state()
        for number, generator in enumerate(_generators(self.engine.device)):
            tensors[f"generator/cuda/{number}"] = generator
        for number, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{number}/{name}": value for name, value in moments.items()}
        if self.average is not None:
            tensors |= {f"average/{name}": value for name, value in self.average.values.items()}
        facts: dict[str, Json] = {
            "step": self.step,
            "curve": [[one.number, one.training, one.selection, one.rate] for one in self.curve],
            "best": self.best,
            "loss": self.loss,
            "finished": self.finished,
            "average": self.average.steps if self.average is not None else 0,
            "engine": self.engine.state(),
        }
        return Saved(tensors, facts)

    def take_up(self, saved: Saved) -> None:
        """Go on from what `saved` gave."""
        facts = saved.facts
        self.step, self.best, self.loss = facts["step"], facts["best"], facts["loss"]
        self.curve = [Epoch(*row) for row in facts["curve"]]
        self.finished = facts["finished"]
        self.engine.restore(facts["engine"])
        live = state(self.model)
        put(_part(saved.tensors, "model"), live)
        self.kept = _like(_part(saved.tensors, "kept"), live)
        if self.average is not None:
            put(_part(saved.tensors, "average"), self.average.values)
            self.average.steps = facts["average"]
        self._moments(_part(saved.tensors, "optimizer"))
        torch.set_rng_state(saved.tensors["generator/cpu"])
        cuda = _part(saved.tensors, "generator/cuda")
        if cuda:
            torch.cuda.set_rng_state_all([cuda[str(number)] for number in range(len(cuda))])

    def _moments(self, tensors: Mapping[str, Tensor]) -> None:
        given = self.optimizer.state_dict()
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            number, _, moment = name.partition("/")
            like = parameters[int(number)]
            # A moment lies in memory as its parameter does: the fused step walks both side by side.
            kept = torch.empty_like(like).copy_(value) if value.shape == like.shape else value
            moments.setdefault(int(number), {})[moment] = kept
        self.optimizer.load_state_dict({"state": moments, "param_groups": given["param_groups"]})


def _part(tensors: Mapping[str, Tensor], of: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{of}/"): value for name, value in tensors.items() if name.startswith(f"{of}/")}


def _like(values: Mapping[str, Tensor], live: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: torch.empty_like(live[name]).copy_(value) for name, value in values.items()}


def _generators(device: torch.device) -> "list[Any]":
    return torch.cuda.get_rng_state_all() if device.type == "cuda" else []


def _float64(device: torch.device) -> torch.device:
    # Apple's GPUs have no double precision; there is one of them, and nothing to average.
    return torch.device("cpu") if device.type == "mps" else device
