"""The Nottingham prognostic index of primary breast cancer."""

from typing import Final

from bedside.errors import StudyError

SOURCE: Final = "Nottingham prognostic index (Galea et al., Breast Cancer Res Treat 1992;22:207-219)"

_FEW = 3
"""Up to so many positive nodes are stage 2."""


def nottingham_index(*, size: float, grade: int, nodes: int) -> float:
    """0.2 x size + grade + stage of the lymph nodes (1 none, 2 one to three, 3 more).

    Args:
        size: Largest diameter of the tumour, cm.
        grade: Histological, 1 to 3.
        nodes: Positive lymph nodes.

    Raises:
        StudyError: A number that these cannot be.

    Example:
        >>> nottingham_index(size=2.0, grade=2, nodes=4)
        5.4
    """
    if not (size > 0 and grade in (1, 2, 3) and nodes >= 0):
        msg = (
            f"the Nottingham index was given a size of {size!r} cm, grade {grade!r} and {nodes!r} nodes; allowed are "
            "sizes above 0, grades 1 to 3, and nodes from 0 on"
        )
        raise StudyError(msg)
    stage = 1 if nodes == 0 else 2 if nodes <= _FEW else 3
    return 0.2 * size + grade + stage
