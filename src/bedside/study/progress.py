"""How a run tells whoever started it how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Receives the course of a run; a terminal draws bars, a pipe prints nothing."""

    def begin(self, stage: str, total: int) -> None:
        """A stage of `total` steps begins; the one before it is over."""
        ...

    def step(self, text: str = "") -> None:
        """One step is done; `text` says what was."""
        ...

    def doing(self, text: str) -> None:
        """What is under way now; takes the place of what was said before. May come from another thread."""
        ...

    def note(self, text: str) -> None:
        """Something that the person should read now (an audit finding, a resumed run)."""
        ...


class Silent:
    """Progress for nobody."""

    def begin(self, stage: str, total: int) -> None:
        """Ignore."""

    def step(self, text: str = "") -> None:
        """Ignore."""

    def doing(self, text: str) -> None:
        """Ignore."""

    def note(self, text: str) -> None:
        """Ignore."""
