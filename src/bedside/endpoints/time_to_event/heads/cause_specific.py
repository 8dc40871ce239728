"""The cause-specific head: one log hazard ratio a cause, put together to cumulative incidences."""

from bedside.endpoints.time_to_event.heads.proportional import ProportionalHead


class CauseSpecificHead(ProportionalHead):
    """A log hazard ratio a cause with a baseline each; events of other causes end a watch as censoring does.

    Hazards, not ratios, make incidences: a predictor that only protects from a competing cause raises the incidence of
    the cause of interest (Prentice et al., Biometrics 1978, 34:541; Putter, Fiocco and Geskus, Stat Med 2007, 26:2389).
    """
