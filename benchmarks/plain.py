"""The loops that people write with MONAI and PyTorch: what the benchmarks of images set bedside beside.

Nothing of bedside is imported but the network itself, so that a process of this side holds what it would hold without.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from bedside.networks.convolutional.compact import Compact

BATCH = 64
RATE, DECAY = 2e-3, 0.1
"""Learning rate and weight decay, as ours begins with."""


class Plain(nn.Module):
    """Our compact network under one linear layer, as anybody would use it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.stages = Compact().build(1, (size, size))
        self.last = nn.Linear(self.stages.width, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Log-odds, shape (n,)."""
        summary, _ = self.stages(pixels)
        logits: torch.Tensor = self.last(summary[0])
        return logits[:, 0]


def learn(model: Plain, data: Callable[[], Iterator[Any]], epochs: int, after: Callable[[], bool]) -> None:
    """Train by log loss; after each pass `after` says whether it is enough."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    loss = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        model.train()
        for batch, targets in data():
            optimiser.zero_grad()
            loss(model(batch), targets).backward()
            optimiser.step()
        if after():
            return


def log_odds(model: Plain, pixels: torch.Tensor) -> torch.Tensor:
    """Of standardised images, shape (n,)."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part) for part in torch.split(pixels, BATCH)])


def tensor_data(pixels: Any, outcomes: Any, mean: Any, spread: Any) -> Callable[[], Iterator[Any]]:
    """Batches as they are."""
    loader = DataLoader(TensorDataset((pixels - mean) / spread, outcomes), batch_size=BATCH, shuffle=True)
    return lambda: iter(loader)


def monai_data(pixels: Any, outcomes: Any, mean: Any, spread: Any) -> Callable[[], Iterator[Any]]:
    """Batches augmented image by image with MONAI's transforms through its DataLoader, about as strongly as ours."""
    import monai.data
    import monai.transforms

    # MONAI exports by star imports, which type checkers do not follow.
    data: Any = monai.data
    transforms: Any = monai.transforms
    done = transforms.Compose(
        [
            transforms.NormalizeIntensity(subtrahend=float(mean), divisor=float(spread)),
            transforms.RandAffine(
                prob=1.0,
                rotate_range=np.pi / 18,
                translate_range=2,
                scale_range=0.1,
                padding_mode="border",
            ),
            transforms.RandScaleIntensity(factors=0.15, prob=1.0),
            transforms.RandAdjustContrast(prob=0.5, gamma=(0.9, 1.1)),
        ]
    )
    loader = data.DataLoader(
        data.ArrayDataset(pixels.numpy(), done, outcomes.numpy()), batch_size=BATCH, shuffle=True, num_workers=0
    )

    def batches() -> Iterator[Any]:
        for batch, targets in loader:
            yield batch.as_tensor(), targets.float()

    return batches
