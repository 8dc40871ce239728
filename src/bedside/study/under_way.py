"""How far the fits are that other processes are making: each writes a line to a file, the run reads them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bedside.study.folder import read_json
from bedside.study.progress import Progress

FILE = "progress.json"
EVERY = 2.0
"""Seconds between two lines of a fit, and between two looks of the run."""

OLD = 600.0
"""Seconds after which a line is no longer told: its process is gone, or busy with what tells nothing."""


class Bulletin:
    """Writes how far a fit is, with an estimate of the time left; see `bedside.training.workplace`."""

    def __init__(self, folder: Path, what: str, *, seconds: float = EVERY) -> None:
        """Nothing is written yet.

        Args:
            folder: Of the task.
            what: Learner and split, in words.
            seconds: Least between two lines.
        """
        self._path = folder / FILE
        self._what = what
        self._seconds = seconds
        self._stage = ("", 0, 0)
        self._epoch = self._before = 0
        self._written = self._last = self._fit_begun = self._trial_begun = self._trials_begun = time.monotonic()

    def __call__(self, what: str, step: int, total: int) -> None:
        """A trial or member begins, or an epoch is over."""
        now = time.monotonic()
        if what == "epoch":
            if step <= self._epoch or not self._epoch:
                self._fit_begun, self._before = self._last, step - 1
            self._epoch = step
            if now - self._written >= self._seconds:
                self._written = now
                self._write(self._left(now, step, total), f"epoch {step} of {total}")
        else:
            if what != self._stage[0]:
                self._trials_begun = now
            self._stage, self._trial_begun, self._epoch = (what, step, total), now, 0
        self._last = now

    def _left(self, now: float, step: int, total: int) -> float:
        """Seconds: of this fit by its epochs, of all trials by those that are over."""
        fit = (now - self._fit_begun) / (step - self._before) * (total - step)
        _, number, of = self._stage
        if number < 2:
            return fit
        each = (self._trial_begun - self._trials_begun) / (number - 1)
        return max(fit, each * (of - number + 1) - (now - self._trial_begun))

    def _write(self, left: float, epoch: str) -> None:
        stage, number, of = self._stage
        parts = [*([f"{stage} {number} of {of}"] if of > 1 else []), epoch, f"about {duration(left)} left"]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".part")
        temporary.write_text(json.dumps({"text": f"{self._what}: {', '.join(parts)}", "at": time.time()}), "utf-8")
        temporary.replace(self._path)


def duration(seconds: float) -> str:
    """Seconds in words.

    Examples:
        >>> duration(42), duration(200), duration(9000)
        ('42 s', '3 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@contextmanager
def watched(folder: Path, progress: Progress, *, seconds: float = EVERY) -> Iterator[None]:
    """While fits are made inside, tell progress what their latest lines say.

    Args:
        folder: Below which tasks write.
        progress: Is told.
        seconds: Between two looks.
    """
    over = threading.Event()

    def look() -> None:
        told = ""
        while not over.wait(seconds):
            text = latest(folder)
            if text and text != told:
                progress.doing(text)
                told = text

    thread = threading.Thread(target=look, name="under-way", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def latest(folder: Path) -> str:
    """What the fits under way say."""
    lines = []
    for path in folder.rglob(FILE):
        found = read_json(path)
        if isinstance(found, dict) and time.time() - float(found["at"]) < OLD:
            lines.append(str(found["text"]))
    return "; ".join(sorted(lines))
