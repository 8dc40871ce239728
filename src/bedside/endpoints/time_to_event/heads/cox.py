"""Cox's head: one log hazard ratio, where nothing competes with the event."""

from typing import Any

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.heads.proportional import ProportionalHead
from bedside.errors import ModelError


class CoxHead(ProportionalHead):
    """One log hazard ratio a case and member with Breslow's baseline; members' curves are averaged."""

    def __init__(self, endpoint: Endpoint[Any, Any], width: int, members: int) -> None:
        """Make a head; arguments as for `ProportionalHead`.

        Raises:
            ModelError: The endpoint is no time to an event, or causes compete.
        """
        super().__init__(endpoint, width, members)
        if self.causes > 1:
            msg = (
                f"CoxHead predicts one cause, and {', '.join(self.target.causes)} compete; choose CauseSpecificHead "
                "(a hazard ratio a cause), LogisticHazardHead or DeepHitHead"
            )
            raise ModelError(msg)
