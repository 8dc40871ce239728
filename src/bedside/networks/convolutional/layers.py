"""The layers of convolutional networks, for images and for volumes."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from bedside.networks.convolutional.declaration import Norm

Stride = int | Sequence[int]

GROUPS, FEWEST = 32, 4
"""Most groups of a group normalisation (Wu and He, ECCV 2018), and fewest channels in one."""


def convolution(
    dimensions: int,
    inputs: int,
    outputs: int,
    kernel: Stride = 3,
    *,
    stride: Stride = 1,
    padding: int | None = None,
    groups: int = 1,
) -> nn.Module:
    """A convolution without bias; weights as He et al., ICCV 2015, for rectified units.

    Args:
        dimensions: 2 or 3.
        inputs: Channels in.
        outputs: Channels out.
        kernel: Pixels along each axis: one number, or one an axis.
        stride: One number, or one an axis.
        padding: Half the kernel when None.
        groups: Channels are convolved in as many groups.
    """
    kind = nn.Conv2d if dimensions == 2 else nn.Conv3d
    window = _along(kernel, dimensions)
    margin = tuple(side // 2 for side in window) if padding is None else _along(padding, dimensions)
    layer = kind(inputs, outputs, window, _along(stride, dimensions), margin, groups=groups, bias=False)  # type: ignore[arg-type]
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer


def normalisation(norm: Norm, dimensions: int, channels: int) -> nn.Module:
    """Maps with mean 0 and variance 1, then scaled and shifted as learned."""
    if norm == "group":
        most = max(1, min(GROUPS, channels // FEWEST))
        return nn.GroupNorm(next(count for count in range(most, 0, -1) if channels % count == 0), channels)
    return nn.BatchNorm2d(channels) if dimensions == 2 else nn.BatchNorm3d(channels)


def unit(
    norm: Norm,
    dimensions: int,
    inputs: int,
    outputs: int,
    kernel: Stride = 3,
    *,
    stride: Stride = 1,
    padding: int | None = None,
) -> nn.Sequential:
    """Convolution, normalisation, rectified unit."""
    return nn.Sequential(
        convolution(dimensions, inputs, outputs, kernel, stride=stride, padding=padding),
        normalisation(norm, dimensions, outputs),
        nn.ReLU(inplace=True),
    )


class MaxPool(nn.Module):
    """The largest value in each window.

    A volume is pooled within its slices, then across them: the result is the same, and its gradient is the same
    from run to run on every device, which that of the joint operation is not.
    """

    def __init__(self, kernel: Stride = 2, stride: Stride = 2, padding: int = 0) -> None:
        """Make it; kernel and stride are one number, or one an axis."""
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, maps: Float[Tensor, "cases channels *size"]) -> Float[Tensor, "cases channels *smaller"]:
        """Smaller maps."""
        kernel, stride = _along(self.kernel, maps.ndim - 2), _along(self.stride, maps.ndim - 2)
        if maps.ndim == 4:
            return functional.max_pool2d(maps, kernel, stride, self.padding)
        flat = functional.max_pool2d(maps.flatten(1, 2), kernel[1:], stride[1:], self.padding)
        rows, columns = flat.shape[-2:]
        lines = flat.reshape(*maps.shape[:3], rows * columns)
        across = functional.max_pool2d(lines, (kernel[0], 1), (stride[0], 1), (self.padding, 0))
        return across.reshape(*across.shape[:-1], rows, columns)


class MeanPool(nn.Module):
    """The mean of neighbours that do not overlap, pooled in volumes as the maximum is."""

    def __init__(self, strides: Sequence[int], *, round_up: bool = False) -> None:
        """Make it.

        Args:
            strides: 1 or 2 along each axis.
            round_up: Whether the last pixel of an odd length stands for itself, as behind a strided convolution;
                else it is left out.
        """
        super().__init__()
        self.strides, self.round_up = tuple(strides), round_up

    def forward(self, maps: Float[Tensor, "cases channels *size"]) -> Float[Tensor, "cases channels *smaller"]:
        """Smaller maps."""
        if maps.ndim == 4:
            return functional.avg_pool2d(maps, self.strides, ceil_mode=self.round_up)
        deep, *plane = self.strides
        flat = functional.avg_pool2d(maps.flatten(1, 2), plane, ceil_mode=self.round_up)
        rows, columns = flat.shape[-2:]
        lines = flat.reshape(*maps.shape[:3], rows * columns)
        across = functional.avg_pool2d(lines, (deep, 1), ceil_mode=self.round_up)
        return across.reshape(*across.shape[:-1], rows, columns)


def _along(number: Stride, dimensions: int) -> tuple[int, ...]:
    return (number,) * dimensions if isinstance(number, int) else tuple(number)
