"""The residual block: what a few convolutions add to the maps."""

from torch import Tensor, nn

from bedside.networks.convolutional.attention import Attention
from bedside.networks.convolutional.declaration import Norm
from bedside.networks.convolutional.layers import MeanPool, convolution, normalisation, unit


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions, or a bottleneck of three, beside the identity (He et al., CVPR 2016).

    Where maps shrink, the identity is their mean and the bottleneck's middle convolution moves by two, so that
    no pixel is skipped (He et al., CVPR 2019, variants B and D).
    """

    def __init__(
        self,
        norm: Norm,
        dimensions: int,
        inputs: int,
        outputs: int,
        *,
        strides: tuple[int, ...],
        between: int | None = None,
        attention: Attention | None = None,
    ) -> None:
        """Make it.

        Args:
            norm: How maps are normalised.
            dimensions: 2 or 3.
            inputs: Channels in.
            outputs: Channels out.
            strides: 1 or 2 along each axis.
            between: Channels of the bottleneck; None for two plain convolutions.
            attention: On what is added.
        """
        super().__init__()
        layers: list[nn.Module]
        if between is None:
            layers = [unit(norm, dimensions, inputs, outputs, stride=strides)]
            layers += [convolution(dimensions, outputs, outputs)]
        else:
            layers = [unit(norm, dimensions, inputs, between, 1)]
            layers += [unit(norm, dimensions, between, between, stride=strides)]
            layers += [convolution(dimensions, between, outputs, 1)]
        last = normalisation(norm, dimensions, outputs)
        layers += [last] if attention is None else [last, attention.layer(outputs, dimensions)]
        self.added = nn.Sequential(*layers)
        shorter: list[nn.Module] = [MeanPool(strides, round_up=True)] if max(strides) > 1 else []
        if inputs != outputs:
            shorter += [convolution(dimensions, inputs, outputs, 1), normalisation(norm, dimensions, outputs)]
        self.identity = nn.Sequential(*shorter)
        self.rectify = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps, smaller where the strides say so."""
        result: Tensor = self.rectify(self.added(maps) + self.identity(maps))
        return result


class ResidualConvolution(nn.Module):
    """One 3 x 3 convolution beside the identity: the least that makes a network deeper."""

    def __init__(self, norm: Norm, dimensions: int, channels: int, attention: Attention | None = None) -> None:
        super().__init__()
        self.added = nn.Sequential(
            convolution(dimensions, channels, channels), normalisation(norm, dimensions, channels)
        )
        if attention is not None:
            self.added.append(attention.layer(channels, dimensions))
        self.rectify = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of the same shape."""
        result: Tensor = self.rectify(self.added(maps) + maps)
        return result
