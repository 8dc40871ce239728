"""Weights from elsewhere, matched with the parameters of an encoder name by name and shape by shape."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from bedside.errors import FileProblem, ModelError
from bedside.types import Json

_SHOWN = 5
_PICKLED = {".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle"}


@dataclass(frozen=True)
class Matched:
    """What of a file goes where.

    Attributes:
        taken: Values by the encoder's names.
        new: Names of the encoder's parameters that keep their random start.
        unused: Names in the file that the encoder has no place for.
        share: Of the encoder's numbers, those that are taken.
        summed: Name of the convolution whose three input channels were summed; "" for none.
    """

    taken: Mapping[str, Tensor]
    new: tuple[str, ...]
    unused: tuple[str, ...]
    share: float
    summed: str = ""

    @property
    def record(self) -> dict[str, Json]:
        """Counts for the record of a fit."""
        found: dict[str, Json] = {
            "start_tensors_taken": len(self.taken),
            "start_tensors_new": len(self.new),
            "start_tensors_unused": len(self.unused),
            "start_share_taken": round(self.share, 6),
        }
        if self.unused:
            found["start_unused"] = listed(self.unused)
        if self.summed:
            found["start_summed"] = self.summed
        return found

    @torch.no_grad()
    def put_into(self, encoder: nn.Module) -> None:
        """Write the values over those of the encoder."""
        live = encoder.state_dict()
        for name, value in self.taken.items():
            live[name].copy_(value)


def matched(
    given: Mapping[str, Tensor],
    encoder: nn.Module,
    *,
    keys: Mapping[str, str],
    new: Sequence[str],
    least: float,
    grey: bool,
    where: str,
) -> Matched:
    """Match the tensors of a file with an encoder's parameters and statistics.

    Args:
        given: By the file's names.
        encoder: Whose parameters are sought.
        keys: From names in the file to the encoder's; a name that ends in a point, or is empty, stands for all names
            that begin with it. The longest that fits counts, and a name that none fits keeps its own.
        new: The encoder's names, or beginnings of them, that may keep their random start.
        least: Smallest share of the encoder's numbers that must be taken.
        grey: Whether a convolution of three input channels may be summed to fit one of a single channel.
        where: What the tensors come from, for messages.

    Raises:
        ModelError: A declared key fits nothing, two names mean one parameter, shapes differ, a parameter is neither
            found nor declared new, or too little is taken.
    """
    wanted = encoder.state_dict()
    named = _renamed(given, keys, where)
    taken: dict[str, Tensor] = {}
    unlike, missing, summed = [], [], []
    for name, own in wanted.items():
        value = named.get(name)
        if _declared(name, new):
            continue
        if value is None:
            if own.is_floating_point():
                missing.append(name)
            continue
        if grey and own.ndim > 3 and value.shape == (own.shape[0], 3, *own.shape[2:]) and own.shape[1] == 1:
            value = value.float().sum(1, keepdim=True)
            summed.append(name)
        if value.shape != own.shape:
            unlike.append(f"{name}: received {tuple(value.shape)}, allowed {tuple(own.shape)}")
            continue
        taken[name] = value.to(own.dtype)
    numbers = sum(own.numel() for own in wanted.values() if own.is_floating_point())
    share = sum(value.numel() for value in taken.values() if value.is_floating_point()) / max(1, numbers)
    if unlike or missing or len(summed) > 1:
        raise _unfit(where, unlike, missing, summed, [name for name in named if name not in wanted])
    if not taken or share < least:
        msg = (
            f"{where} would give {share:.1%} of the encoder's numbers; at least {least:.0%} are asked for. Declare "
            "fewer parameters as new, correct the key map, or begin at random"
        )
        raise ModelError(msg)
    return Matched(
        taken,
        new=tuple(name for name in wanted if name not in taken and wanted[name].is_floating_point()),
        unused=tuple(sorted(name for name in named if name not in taken)),
        share=share,
        summed=summed[0] if summed else "",
    )


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        FileProblem: It is missing, damaged or of another kind; pickled weights are never opened.
    """
    if path.suffix.lower() in _PICKLED:
        raise _pickled(path)
    try:
        return load_file(path)
    except FileNotFoundError as error:
        msg = f"the weights {path} do not exist; check the path"
        raise FileProblem(msg) from error
    except (OSError, SafetensorError) as error:
        if _head(path)[:1] == b"\x80" or _head(path) == b"PK\x03\x04":
            raise _pickled(path) from error
        msg = f"the weights {path} are no safetensors file, or damaged: {error}; fetch or convert them again"
        raise FileProblem(msg) from error


def sha256(path: Path) -> str:
    """Hash of a file of weights; raises FileProblem when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        msg = f"the weights {path} cannot be read ({error.strerror}); check the path"
        raise FileProblem(msg) from error


def listed(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return f"{', '.join(every[:_SHOWN])}{more}"


def _renamed(given: Mapping[str, Tensor], keys: Mapping[str, str], where: str) -> dict[str, Tensor]:
    named: dict[str, Tensor] = {}
    origin: dict[str, str] = {}
    fitted = set()
    for name, value in given.items():
        rules = [rule for rule in keys if name == rule or ((rule.endswith(".") or not rule) and name.startswith(rule))]
        rule = max(rules, key=len, default=None)
        own = name if rule is None else keys[rule] + name.removeprefix(rule)
        if own in named:
            msg = f"{where}: {origin[own]} and {name} would both become {own}; correct the key map"
            raise ModelError(msg)
        if rule is not None:
            fitted.add(rule)
        named[own], origin[own] = value, name
    idle = [rule for rule in keys if rule not in fitted]
    if idle:
        msg = f"{where}: the key map names {listed(map(repr, idle))}, which fit no tensor; it has {listed(given)}"
        raise ModelError(msg)
    return named


def _declared(name: str, new: Sequence[str]) -> bool:
    return any(name == one or name.startswith(one if one.endswith(".") else f"{one}.") for one in new)


def _unfit(
    where: str, unlike: Sequence[str], missing: Sequence[str], summed: Sequence[str], spare: Sequence[str]
) -> ModelError:
    parts = []
    if unlike:
        parts.append(f"{len(unlike)} tensors have another shape ({listed(unlike)})")
    if missing:
        has = f"; it has {listed(spare)} besides" if spare else ""
        parts.append(f"{len(missing)} parameters are not in it ({listed(missing)}{has})")
    if len(summed) > 1:
        parts.append(f"{len(summed)} convolutions would have to be summed over channels ({listed(summed)})")
    return ModelError(
        f"{where} does not fit the network: {'; '.join(parts)}. Declare the architecture that the weights belong to, "
        "map their names with keys, or name what may begin at random with new"
    )


def _pickled(path: Path) -> FileProblem:
    return FileProblem(
        f"the weights {path} are pickled, and reading them could run any code; safetensors is allowed. Where you trust "
        "them, convert them once: safetensors.torch.save_file(torch.load(FILE, weights_only=True), "
        '"weights.safetensors")'
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)
