"""The Charlson comorbidity index from ICD-10 codes."""

from typing import Final

import numpy as np

from bedside.modalities.records.history import History

SOURCE: Final = (
    "Charlson comorbidity index (Charlson et al., J Chronic Dis 1987) from ICD-10 codes (Quan et al., Med Care 2005)"
)

WEIGHTS: Final = {
    "myocardial infarction": 1,
    "congestive heart failure": 1,
    "peripheral vascular disease": 1,
    "cerebrovascular disease": 1,
    "dementia": 1,
    "chronic pulmonary disease": 1,
    "rheumatic disease": 1,
    "peptic ulcer disease": 1,
    "mild liver disease": 1,
    "diabetes without chronic complications": 1,
    "diabetes with chronic complications": 2,
    "hemiplegia or paraplegia": 2,
    "renal disease": 2,
    "malignancy": 2,
    "moderate or severe liver disease": 3,
    "metastatic solid tumour": 6,
    "AIDS": 6,
}

_DIABETES: Final = ("E10", "E11", "E12", "E13", "E14")


def _each(stem: str, ends: str) -> tuple[str, ...]:
    return tuple(f"{stem}{end}" for end in ends)


def _through(letter: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number:02d}" for number in range(first, last + 1))


PREFIXES: Final[dict[str, tuple[str, ...]]] = {
    "myocardial infarction": ("I21", "I22", "I252"),
    "congestive heart failure": (
        *("I099", "I110", "I130", "I132", "I255", "I420", *_each("I42", "56789"), "I43", "I50", "P290"),
    ),
    "peripheral vascular disease": (
        *("I70", "I71", *_each("I73", "189"), "I771", "I790", "I792", *_each("K55", "189"), "Z958", "Z959"),
    ),
    "cerebrovascular disease": ("G45", "G46", "H340", *_through("I", 60, 69)),
    "dementia": (*_through("F", 0, 3), "F051", "G30", "G311"),
    "chronic pulmonary disease": (
        *("I278", "I279", *_through("J", 40, 47), *_through("J", 60, 67), "J684", "J701", "J703"),
    ),
    "rheumatic disease": ("M05", "M06", "M315", "M32", "M33", "M34", "M351", "M353", "M360"),
    "peptic ulcer disease": _through("K", 25, 28),
    "mild liver disease": (
        *("B18", *_each("K70", "01239"), *_each("K71", "3457"), "K73", "K74", *_each("K76", "023489"), "Z944"),
    ),
    "diabetes without chronic complications": tuple(code for stem in _DIABETES for code in _each(stem, "01689")),
    "diabetes with chronic complications": tuple(code for stem in _DIABETES for code in _each(stem, "23457")),
    "hemiplegia or paraplegia": ("G041", "G114", "G801", "G802", "G81", "G82", *_each("G83", "012349")),
    "renal disease": (
        *("I120", "I131", *_each("N03", "234567"), *_each("N05", "234567"), "N18", "N19", "N250"),
        *(*_each("Z49", "012"), "Z940", "Z992"),
    ),
    "malignancy": (
        *(*_through("C", 0, 26), *_through("C", 30, 34), *_through("C", 37, 41), "C43", *_through("C", 45, 58)),
        *(*_through("C", 60, 76), *_through("C", 81, 85), "C88", *_through("C", 90, 97)),
    ),
    "moderate or severe liver disease": (
        *("I850", "I859", "I864", "I982", "K704", "K711", "K721", "K729", "K765", "K766", "K767"),
    ),
    "metastatic solid tumour": _through("C", 77, 80),
    "AIDS": ("B20", "B21", "B22", "B24"),
}

MILDER: Final = {
    "diabetes with chronic complications": "diabetes without chronic complications",
    "moderate or severe liver disease": "mild liver disease",
    "metastatic solid tumour": "malignancy",
}
"""Of each the milder condition that counts nothing beside it."""


def conditions(codes: "set[str] | frozenset[str]") -> frozenset[str]:
    """Conditions that ICD-10 codes stand for, with or without their points; a milder one is left out beside a worse."""
    plain = {code.replace(".", "").upper() for code in codes}
    found = {name for name, prefixes in PREFIXES.items() if any(code.startswith(prefixes) for code in plain)}
    return frozenset(found - {mild for worse, mild in MILDER.items() if worse in found})


def charlson(codes: "set[str] | frozenset[str]") -> int:
    """The index of these ICD-10 codes."""
    return sum(WEIGHTS[name] for name in conditions(codes))


def of_history(history: History, *, systems: tuple[str, ...] = ("ICD10CM", "ICD10")) -> float:
    """The index of what a history holds, for `PointsScore`; 0 where no condition was coded."""
    words = {history.events.words[code] for code in np.unique(history.events.codes[history.positions()])}
    pairs = (word.split("//", 1) for word in words if "//" in word)
    return float(charlson({code for system, code in pairs if system in systems}))
