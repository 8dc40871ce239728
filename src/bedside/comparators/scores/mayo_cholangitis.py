"""The Mayo risk score of primary biliary cholangitis."""

import math
from typing import Final

from bedside.errors import StudyError

SOURCE: Final = "Mayo risk score of primary biliary cholangitis (Dickson et al., Hepatology 1989;10:1-7)"


def mayo_score(*, age: float, bilirubin: float, albumin: float, prothrombin_time: float, oedema: float) -> float:
    """0.039 age + 0.871 ln(bilirubin) - 2.53 ln(albumin) + 2.38 ln(prothrombin time) + 0.859 oedema.

    Args:
        age: Years.
        bilirubin: Serum, mg/dL.
        albumin: Serum, g/dL.
        prothrombin_time: Seconds.
        oedema: 0 none, 0.5 without or resolved by diuretics, 1 despite diuretics.

    Raises:
        StudyError: A number that these cannot be.
    """
    if not (min(age, bilirubin, albumin, prothrombin_time) > 0 and 0 <= oedema <= 1):
        msg = (
            "the Mayo score was given a measurement that is zero or negative, or oedema outside 0 to 1; allowed are "
            "measurements above 0 (mg/dL, g/dL, seconds) and oedema of 0, 0.5 or 1"
        )
        raise StudyError(msg)
    return (
        0.039 * age
        + 0.871 * math.log(bilirubin)
        - 2.53 * math.log(albumin)
        + 2.38 * math.log(prothrombin_time)
        + 0.859 * oedema
    )
