"""What may be the matter with an event."""

from enum import IntFlag


class Flag(IntFlag):
    """Bits of the column `flags`. Flagged events stay in the table; whoever reads it decides what they are worth."""

    IMPLAUSIBLE = 1
    """A number no living person has, in the unit it is said to have."""
    UNIT_UNKNOWN = 2
    """A number whose unit could not be read, or not be turned into the unit of its code; kept as it was."""
    SYSTEM_UNKNOWN = 4
    """A code of a system that is not known."""
    NO_TIME = 8
    """No time, though it is not a fact for life."""
    BEFORE_BIRTH = 16
    AFTER_DEATH = 32
    IN_FUTURE = 64
    """After the moment the table was made, or after the date until which the source says it reaches."""
    DUPLICATE = 128
    """A repetition of an event that stands in the table already: same subject, time, code, value and encounter. Where
    one of the two does not tell its encounter, that one is the repetition."""
    NOT_A_NUMBER = 256
    """An infinite value; stored as missing."""

    @property
    def word(self) -> str:
        """As printed: "before birth"."""
        return (self.name or "").lower().replace("_", " ")


UNUSABLE = Flag.IMPLAUSIBLE | Flag.NO_TIME | Flag.BEFORE_BIRTH | Flag.AFTER_DEATH | Flag.IN_FUTURE | Flag.DUPLICATE
"""What predictors leave out unless a cohort says otherwise; counted wherever it is left out."""
