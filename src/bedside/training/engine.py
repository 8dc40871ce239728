"""Where a network is trained: this process's CPU threads, or whatever lightning-fabric can drive."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bedside.errors import ModelError
from bedside.training.precision import HalfPrecision, Precision, suited
from bedside.types import Json


class Engine(Protocol):
    """What the training loop asks of the place where it runs; the names are lightning-fabric's. `setup` comes first.

    Attributes:
        device: Where batches go.
        precision: Of the forward and backward pass.
        world_size: How many processes train one model together.
        global_rank: Which of them this one is, from 0.
    """

    @property
    def device(self) -> torch.device: ...  # noqa: D102 - described in the class
    @property
    def precision(self) -> Precision: ...  # noqa: D102
    @property
    def world_size(self) -> int: ...  # noqa: D102
    @property
    def global_rank(self) -> int: ...  # noqa: D102

    def setup(self, module: nn.Module, optimizer: Optimizer) -> tuple[Any, Any]:
        """The module and the optimizer, ready for this device."""
        ...

    def backward(self, tensor: Tensor) -> None:
        """Gradients of a loss."""
        ...

    def clip_gradients(self, module: Any, optimizer: Any, *, max_norm: float) -> Any:  # noqa: ANN401 - as lightning-fabric
        """Shorten the gradient to at most this norm."""
        ...

    def all_reduce(self, tensor: Tensor) -> Tensor:
        """The mean over all processes."""
        ...

    def align(self, module: nn.Module) -> None:
        """Give every process the first one's buffers, which data-parallel training leaves apart."""
        ...

    def state(self) -> dict[str, Json]:
        """What a checkpoint must hold of the engine."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """The inverse of `state`."""
        ...


Place: TypeAlias = Callable[[], Engine]
"""Makes the engine of one fit."""


class SingleThread:
    """This process without lightning-fabric, whose import and calls cost more than a step of a small network."""

    device = torch.device("cpu")
    world_size = 1
    global_rank = 0

    def __init__(self, precision: "Precision | None" = None) -> None:
        """Make an engine.

        Args:
            precision: Of the forward and backward pass; what suits network and processor when None.
        """
        self._wanted = precision
        self.precision: Precision = precision or "32-true"

    def setup(self, module: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
        """The optimizer as it is; the module in half precision where that pays."""
        self.precision = self._wanted or suited(module, self.device)
        if self.precision == "16-mixed":
            msg = 'a processor trains in "32-true" or "bf16-mixed", not in "16-mixed"; leave the precision out'
            raise ModelError(msg)
        return (HalfPrecision(module) if self.precision == "bf16-mixed" else module), optimizer

    def backward(self, tensor: Tensor) -> None:
        """Gradients of a loss."""
        tensor.backward()  # type: ignore[no-untyped-call]

    def clip_gradients(self, module: nn.Module, optimizer: Optimizer, *, max_norm: float) -> Tensor:  # noqa: ARG002
        """Shorten the gradient to at most this norm."""
        # The optimizer lists the parameters; the module would be walked at every step.
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        return nn.utils.clip_grad_norm_(parameters, max_norm, foreach=True)

    def all_reduce(self, tensor: Tensor) -> Tensor:
        """The one process's own."""
        return tensor

    def align(self, module: nn.Module) -> None:
        """One process is aligned with itself."""

    def state(self) -> dict[str, Json]:
        """Nothing."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Accelerated:
    """Makes engines that lightning-fabric drives; see `accelerated`."""

    accelerator: str
    devices: int
    nodes: int
    precision: "Precision | None"

    def __call__(self) -> "Fabric":
        """An engine for one fit."""
        return Fabric(self)


def accelerated(
    accelerator: str = "auto", *, devices: int = 1, nodes: int = 1, precision: "Precision | None" = None
) -> Accelerated:
    """Train on a GPU, or data-parallel on several devices.

    Args:
        accelerator: "auto", "cuda", "mps" or "cpu".
        devices: How many on each machine; more than one trains data-parallel and must be started under torchrun or
            SLURM with as many processes, each of which makes the same fit.
        nodes: How many machines.
        precision: Of the forward and backward pass; what suits network and device when None. Recorded predictions are
            float32 always.
    """
    return Accelerated(accelerator, devices, nodes, precision)


class Fabric:
    """An engine that lightning-fabric drives. What it drives is known once it has seen the module."""

    precision: Precision
    device: torch.device
    world_size: int
    global_rank: int

    def __init__(self, asked: Accelerated) -> None:
        self._asked = asked
        self._fabric: Any = None

    def setup(self, module: nn.Module, optimizer: Optimizer) -> tuple[Any, Any]:
        """Module and optimizer on their device, data-parallel where several processes train them.

        Raises:
            ModelError: Several devices were asked for and no launcher has started as many processes.
        """
        asked = self._asked
        several = asked.devices * asked.nodes > 1
        if several and not ("WORLD_SIZE" in os.environ or "SLURM_NTASKS" in os.environ):
            msg = (
                f"training on {asked.devices * asked.nodes} devices needs as many processes and this is one alone; "
                f"start it with `torchrun --nproc-per-node {asked.devices} ...` or under SLURM, or ask for 1 device"
            )
            raise ModelError(msg)
        # cuBLAS is deterministic only with a fixed workspace, which it reads once, before its first call.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        import lightning_fabric  # noqa: PLC0415 - its import takes a second that CPU studies do not need

        def made(precision: Precision) -> lightning_fabric.Fabric:
            return lightning_fabric.Fabric(
                accelerator=asked.accelerator,
                strategy="ddp" if several else "auto",
                devices=asked.devices,
                num_nodes=asked.nodes,
                precision=precision,
            )

        self.precision = asked.precision or suited(module, made("32-true").device)
        self._fabric = made(self.precision)
        if several:
            self._fabric.launch()
        self.device = self._fabric.device
        self.world_size, self.global_rank = self._fabric.world_size, self._fabric.global_rank
        wrapped, driven = self._fabric.setup(module, optimizer)
        return wrapped, driven

    def backward(self, tensor: Tensor) -> None:
        """Gradients of a loss, averaged over processes."""
        self._fabric.backward(tensor)

    def clip_gradients(self, module: Any, optimizer: Any, *, max_norm: float) -> Any:  # noqa: ANN401 - as lightning-fabric
        """Shorten the gradient to at most this norm."""
        return self._fabric.clip_gradients(module, optimizer, max_norm=max_norm)

    def all_reduce(self, tensor: Tensor) -> Tensor:
        """The mean over all processes."""
        mean: Tensor = self._fabric.all_reduce(tensor, reduce_op="mean")
        return mean

    def align(self, module: nn.Module) -> None:
        """Give every process the first one's buffers."""
        if self.world_size > 1:
            for buffer in module.buffers():
                torch.distributed.broadcast(buffer, 0)

    def state(self) -> dict[str, Json]:
        """The scale of losses in 16-bit precision."""
        found: dict[str, Json] = self._fabric.strategy.precision.state_dict()
        return found

    def restore(self, state: dict[str, Any]) -> None:
        """The inverse of `state`."""
        if state:
            self._fabric.strategy.precision.load_state_dict(state)
