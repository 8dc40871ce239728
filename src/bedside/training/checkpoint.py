"""A training course on disk, so that an interrupted fit goes on where it stopped and ends in the same bytes."""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bedside.errors import ModelError
from bedside.training.workplace import Workplace
from bedside.types import Json

_FACTS = "facts"


@dataclass(frozen=True)
class Saved:
    """What a checkpoint holds.

    Attributes:
        tensors: By name.
        facts: Everything else, as JSON.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]


class Checkpoint:
    """The file of one fit in the folder of its task; without a folder nothing is written or read.

    A safetensors file whose metadata hold the JSON: reading it runs no code. It is written whole or not at all.
    """

    def __init__(self, workplace: Workplace, identity: Iterable[bytes]) -> None:
        """Find the file of one fit.

        Args:
            workplace: Folder, and how often to write.
            identity: What tells this fit from the others of its task; looked at where there is a folder.
        """
        self._seconds = workplace.seconds
        self._path: Path | None = None
        self._written = self._begun = time.monotonic()
        if workplace.folder is not None:
            digest = hashlib.sha256()
            for part in identity:
                digest.update(len(part).to_bytes(8, "big") + part)
            self._path = workplace.folder / f"{digest.hexdigest()[:24]}.safetensors"

    def read(self) -> "Saved | None":
        """What was written before; None for a fit that begins.

        Raises:
            ModelError: The file is damaged.
        """
        if self._path is None or not self._path.exists():
            return None
        try:
            with safe_open(self._path, "pt") as file:
                return Saved({name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()[_FACTS]))  # noqa: SIM118 - no mapping
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            msg = (
                f"the checkpoint {self._path.name} is damaged: {error}; delete the folder {self._path.parent} and run "
                "the same command again, this fit will begin anew"
            )
            raise ModelError(msg) from error

    def is_due(self, *, last: bool) -> bool:
        """Whether to write now: some time after the last writing, and at the end of a fit that took as long."""
        if self._path is None:
            return False
        now = time.monotonic()
        return now - self._written >= self._seconds or (last and now - self._begun >= self._seconds)

    def write(self, saved: Saved) -> None:
        """Replace what was written before."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        tensors = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in saved.tensors.items()
        }
        try:
            save_file(tensors, temporary, metadata={_FACTS: json.dumps(dict(saved.facts))})
            temporary.replace(self._path)
        except (OSError, SafetensorError) as error:
            temporary.unlink(missing_ok=True)
            msg = f"a checkpoint could not be written to {self._path.parent}: {error}; free some space and run again"
            raise ModelError(msg) from error
        self._written = time.monotonic()


def content(tensors: Mapping[str, Tensor]) -> Iterable[bytes]:
    """The bytes of tensors, for the identity of a fit."""
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        yield name.encode()
        yield value.reshape(-1).view(torch.uint8).numpy().tobytes()


def plain(value: Json) -> bytes:
    """JSON as bytes, for the identity of a fit."""
    return json.dumps(value, sort_keys=True).encode()
