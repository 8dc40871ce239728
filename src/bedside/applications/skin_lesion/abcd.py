"""The ABCD rule of dermatoscopy, as far as the scores of PH2 allow (Stolz et al., Eur J Dermatol 1994;4:521-527)."""

from bedside.modalities.imaging.image import Readable
from bedside.sources.ph2 import ScoredLesion

ASYMMETRY = 1.3
"""Points for each of two axes of asymmetry."""

COLOUR = 0.5
"""Points for each of six colours."""

STRUCTURE = 0.5
"""Points for each structure."""

STRUCTURES = ("pigment_network", "dots_globules", "streaks", "regression", "blue_whitish_veil")
"""Counted where experts called them atypical or present; the rule counts five others, which PH2 does not score."""

PARTS = (
    "Asymmetry, colours and structures of the ABCD rule of dermatoscopy (Stolz et al., 1994) with its weights 1.3, 0.5 "
    "and 0.5, as experts scored them. The border, weight 0.1, was not scored; structures are those that PH2 calls "
    "atypical or present. The experts who scored are those whose diagnosis is predicted."
)


def abcd(lesion: Readable) -> float | None:
    """Total points without the border, .5 to 8.1; None for an image that no expert has scored."""
    if not isinstance(lesion, ScoredLesion):
        return None
    found = lesion.findings
    structures = sum(found[name] for name in STRUCTURES)
    return ASYMMETRY * found["asymmetry"] + COLOUR * found["colours"] + STRUCTURE * structures
