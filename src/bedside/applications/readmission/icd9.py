"""Groups of ICD-9-CM diagnosis codes: Strack's nine, and the comorbidities that the LACE index counts.

Codes in the Diabetes-130 data are cut to three digits, except diabetes (250.xx). Where a comorbidity needs more
digits than there are, the three-digit category decides; the study's card says so.
"""

from dataclasses import dataclass

GROUPS = (
    "circulatory",
    "respiratory",
    "digestive",
    "diabetes",
    "injury",
    "musculoskeletal",
    "genitourinary",
    "neoplasms",
    "other",
)
"""The nine groups of Strack et al. 2014, table 2; each of symptoms goes with the system it points to."""

_RANGES: tuple[tuple[int, int, str], ...] = (
    (390, 459, "circulatory"),
    (785, 785, "circulatory"),
    (460, 519, "respiratory"),
    (786, 786, "respiratory"),
    (520, 579, "digestive"),
    (787, 787, "digestive"),
    (250, 250, "diabetes"),
    (800, 999, "injury"),
    (710, 739, "musculoskeletal"),
    (580, 629, "genitourinary"),
    (788, 788, "genitourinary"),
    (140, 239, "neoplasms"),
)


def group(code: str) -> str:
    """Strack's group of a code; supplementary codes (V, E) and all that has no group of its own are "other"."""
    category = _category(code)
    for low, high, name in _RANGES:
        if category is not None and low <= category <= high:
            return name
    return "other"


@dataclass(frozen=True)
class Comorbidity:
    """One condition of the LACE index's comorbidity score.

    Attributes:
        name: The condition.
        points: What it adds (van Walraven et al. 2010, after Charlson).
        categories: Three-digit ICD-9-CM categories, each a pair of first and last (Deyo's and Quan's lists, cut).
        instead_of: A milder condition that is not counted besides this one.
    """

    name: str
    points: int
    categories: tuple[tuple[int, int], ...]
    instead_of: str = ""


COMORBIDITIES = (
    Comorbidity("previous myocardial infarction", 1, ((410, 410), (412, 412))),
    Comorbidity("cerebrovascular disease", 1, ((430, 438),)),
    Comorbidity("peripheral vascular disease", 1, ((440, 441), (443, 443), (557, 557))),
    Comorbidity("diabetes without complications", 1, ()),
    Comorbidity("congestive heart failure", 2, ((428, 428),)),
    Comorbidity("diabetes with end organ damage", 2, (), instead_of="diabetes without complications"),
    Comorbidity("chronic pulmonary disease", 2, ((490, 496), (500, 505))),
    Comorbidity("mild liver disease", 2, ((570, 571),)),
    Comorbidity("any tumour", 2, ((140, 172), (174, 195), (200, 208))),
    Comorbidity("dementia", 3, ((290, 290), (294, 294), (331, 331))),
    Comorbidity("connective tissue disease", 3, ((710, 710), (714, 714), (725, 725))),
    Comorbidity("AIDS", 4, ((42, 44),)),
    Comorbidity("moderate or severe liver disease", 4, ((456, 456), (572, 572)), instead_of="mild liver disease"),
    Comorbidity("moderate or severe renal disease", 4, ((582, 583), (585, 586), (588, 588))),
    Comorbidity("metastatic tumour", 6, ((196, 199),), instead_of="any tumour"),
)

_END_ORGAN = "4567"
"""Fourth digits of 250.xx: renal, ophthalmic, neurological and peripheral circulatory complications."""


def comorbidity_points(codes: tuple[str | None, ...]) -> int:
    """Comorbidity points of the LACE index over the coded diagnoses; each condition counts once.

    Everybody in these data has diabetes, coded among the three diagnoses or not, so one point is the least.
    """
    present = {"diabetes without complications"}
    for code in codes:
        if code is not None:
            present.update(_conditions(code))
    milder = {condition.instead_of for condition in COMORBIDITIES if condition.name in present}
    return sum(condition.points for condition in COMORBIDITIES if condition.name in present - milder)


def _conditions(code: str) -> set[str]:
    category = _category(code)
    if category is None:
        return set()
    if category == 250:
        fourth = code.partition(".")[2][:1]
        return {"diabetes with end organ damage"} if fourth and fourth in _END_ORGAN else set()
    return {
        condition.name
        for condition in COMORBIDITIES
        if any(low <= category <= high for low, high in condition.categories)
    }


def _category(code: str) -> int | None:
    """The three-digit category; None for supplementary codes and what is no code."""
    whole = code.partition(".")[0]
    return int(whole) if whole.isdigit() else None
