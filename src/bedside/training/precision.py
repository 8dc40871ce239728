"""With how many digits a network is trained; what it predicts is computed and recorded in single precision always."""

from typing import Any, Literal, TypeAlias

import torch
from torch import nn

from bedside.training.layout import convolves

Precision: TypeAlias = Literal["32-true", "bf16-mixed", "16-mixed"]
"""Single precision, or half of it where that is safe (Micikevicius et al., ICLR 2018); as lightning-fabric names it."""


def suited(module: nn.Module, device: torch.device) -> Precision:
    """What trains this network fastest here without harm.

    Half precision where the network convolves and the device has instructions for it: bfloat16 by AVX512_BF16, AMX or
    their Arm kin on a processor, tensor cores on a GPU.
    """
    if not convolves(module):
        return "32-true"
    if device.type == "cuda":
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    return "bf16-mixed" if device.type == "cpu" and processor_has_bfloat16() else "32-true"


def processor_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware."""
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


class HalfPrecision(nn.Module):
    """A module whose forward pass on the processor uses bfloat16 where that is safe."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any) -> Any:  # noqa: ANN401 - passes on whatever the module takes and gives
        """As the module's."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.module(*inputs)
