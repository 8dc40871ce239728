"""What an encoder may learn from cases without their outcomes: a task that is made of the cases themselves."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bedside.networks.encoder import Batches, Encoder, Prepared
from bedside.networks.features import Pooled
from bedside.networks.head import Head
from bedside.training.feed import Augment
from bedside.types import Json


class Pretext(Protocol):
    """A task as data; its head is thrown away when the encoder has learned."""

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        ...

    def admit(self, views: "Augment[Any] | None") -> None:
        """Refuse views that the task cannot be made with; raises StudyError."""
        ...

    def task(self, prepared: Prepared[Any, Any], views: "Augment[Any] | None") -> Augment[Any]:
        """What makes of a batch, and of targets that say nothing, the batch and targets of the task.

        Raises:
            StudyError: The task cannot be made of cases that were prepared so.
        """
        ...

    def head(self, encoder: Encoder[Any, Any], cases: Batches[Any], task: Augment[Any]) -> Head[Pooled, Any, Any]:
        """A new head for the encoder's features, adapted to the cases that will be learned from.

        Raises:
            ModelError: There is nothing in them to learn.
        """
        ...

    def verdict(
        self, head: Head[Pooled, Any, Any], features: Sequence[Pooled], *, before: float, after: float
    ) -> Mapping[str, Json]:
        """What was learned, for the record of the fit.

        Args:
            head: After learning.
            features: Of all cases, as the encoder has them after learning, in batches.
            before: Loss of the cases that were held out, before learning.
            after: The same of the weights that are kept.

        Raises:
            ModelError: The features collapsed.
        """
        ...
