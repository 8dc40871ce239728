"""Where a network is trained: one CPU thread, or whatever lightning-fabric can drive."""

import os
from typing import Any, Literal, Protocol, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

Precision: TypeAlias = Literal["32-true", "bf16-mixed"]


class Engine(Protocol):
    """The part of lightning-fabric that the training loop uses."""

    @property
    def device(self) -> torch.device:
        """Where batches go."""
        ...

    def setup(self, module: nn.Module, *optimizers: Optimizer) -> Any:  # noqa: ANN401 - as lightning-fabric
        """The module and the optimizer, ready for this device."""
        ...

    def backward(self, tensor: Tensor) -> None:
        """Gradients of a loss."""
        ...

    def clip_gradients(self, module: Any, optimizer: Any, *, max_norm: float) -> Any:  # noqa: ANN401 - as above
        """Shorten the gradient to at most this norm."""
        ...


class SingleThread:
    """One CPU thread without lightning-fabric, whose import and calls cost more than a step of a small network."""

    device = torch.device("cpu")

    def setup(self, module: nn.Module, *optimizers: Optimizer) -> tuple[nn.Module, Optimizer]:
        """Module and optimizer as they are."""
        return module, optimizers[0]

    def backward(self, tensor: Tensor) -> None:
        """Gradients of a loss."""
        tensor.backward()  # type: ignore[no-untyped-call]

    def clip_gradients(self, module: nn.Module, optimizer: Optimizer, *, max_norm: float) -> Tensor:  # noqa: ARG002
        """Shorten the gradient to at most this norm."""
        # The optimizer lists the parameters; the module would be walked at every step.
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        return nn.utils.clip_grad_norm_(parameters, max_norm, foreach=True)


def accelerated(accelerator: str = "auto", *, devices: int = 1, precision: Precision = "32-true") -> Engine:
    """An engine of lightning-fabric: GPU, several devices, bf16.

    Args:
        accelerator: "auto", "cuda", "mps" or "cpu".
        devices: How many; more than one trains data-parallel and must be started under torchrun.
        precision: Of the forward and backward pass; recorded predictions are float32 always.
    """
    # cuBLAS is deterministic only with a fixed workspace, which it reads once, before its first call.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    from lightning_fabric import Fabric  # noqa: PLC0415 - its import takes a second that CPU studies do not need

    return Fabric(accelerator=accelerator, devices=devices, precision=precision)
