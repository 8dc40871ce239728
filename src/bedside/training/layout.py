"""How the numbers of an image lie in memory: channels last, which convolutions on processors and GPUs read fastest."""

from typing import TypeVar, cast

import torch
from torch import Tensor, nn

B = TypeVar("B")

_LAST = {nn.Conv2d: torch.channels_last, nn.Conv3d: torch.channels_last_3d}
_DIMENSIONS = {torch.channels_last: 4, torch.channels_last_3d: 5}


def layouts(module: nn.Module) -> dict[int, torch.memory_format]:
    """For tensors of how many dimensions this network wants the channels last: 4 for images, 5 for volumes."""
    found = {layout for kind, layout in _LAST.items() if any(isinstance(part, kind) for part in module.modules())}
    return {_DIMENSIONS[layout]: layout for layout in found}


def convolves(module: nn.Module) -> bool:
    """Whether the network has convolutions; only then do layout and reduced precision pay."""
    return bool(layouts(module))


def arrange(module: nn.Module) -> None:
    """Let the weights of convolutions lie channels last; their values stay."""
    for part in module.modules():
        for kind, layout in _LAST.items():
            if isinstance(part, kind):
                part.weight.data = part.weight.data.contiguous(memory_format=layout)


def arranged(batch: B, wanted: dict[int, torch.memory_format]) -> B:
    """The batch with its images channels last; a batch that is no tensor and no tuple of tensors stays as it is."""
    if not wanted:
        return batch
    if isinstance(batch, Tensor):
        return cast("B", _laid(batch, wanted))
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        fields = [_laid(field, wanted) if isinstance(field, Tensor) else field for field in batch]
        return cast("B", type(batch)(*fields))
    return batch


def _laid(tensor: Tensor, wanted: dict[int, torch.memory_format]) -> Tensor:
    layout = wanted.get(tensor.ndim)
    return tensor if layout is None else tensor.contiguous(memory_format=layout)
