"""Releases that fail on purpose, for workers: a record says what happens to it."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedside.evidence.release import Bindings, Manifest, State
from bedside.serve.answer import Answer, Outcome


@dataclass(frozen=True)
class Faulty:
    """Answers 0.1 times a number; does something else when a record is a word."""

    folder: Path

    @property
    def manifest(self) -> Manifest:
        raise AssertionError

    @property
    def bindings(self) -> Bindings:
        raise AssertionError

    @property
    def state(self) -> State:
        return State.LIVE

    def answer(self, records: Sequence[Any]) -> list[Answer]:
        for record in records:
            if record == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if record == "die once" and not (self.folder / "died").exists():
                (self.folder / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if record == "hang":
                time.sleep(60)
            if record == "slow":
                time.sleep(0.3)
            if record == "raise":
                msg = "a patient's name"
                raise ValueError(msg)
        if "short" in records:
            return []
        return [Answer(Outcome.ANSWERED, risk=0.1 * one if isinstance(one, int) else 0.0) for one in records]


@dataclass(frozen=True)
class Opening:
    folder: Path

    def __call__(self) -> Faulty:
        return Faulty(self.folder)


@dataclass(frozen=True)
class Closed(Opening):
    def __call__(self) -> Faulty:
        msg = "a secret"
        raise OSError(msg)
