"""A synthetic twin of the challenge of 2012: files of invented stays in its own layout, for tests and first contact."""

from pathlib import Path

import numpy as np

from bedside.types import Floats

# Mean, spread, how far the sickest stand from the mean, share of the stays in which it is measured, times a stay.
VARIABLES: dict[str, tuple[float, float, float, float, int]] = {
    "HR": (85, 12, 14, 0.99, 24),
    "SysABP": (120, 15, -16, 0.7, 20),
    "DiasABP": (60, 9, -6, 0.7, 20),
    "MAP": (80, 10, -10, 0.7, 20),
    "NISysABP": (118, 15, -12, 0.85, 10),
    "Temp": (37.0, 0.5, 0.2, 0.98, 8),
    "RespRate": (18, 4, 4, 0.3, 12),
    "GCS": (13, 1.5, -3, 0.98, 8),
    "Urine": (110, 60, -45, 0.97, 16),
    "BUN": (22, 8, 13, 0.98, 3),
    "Creatinine": (1.1, 0.4, 0.6, 0.98, 3),
    "Glucose": (130, 30, 12, 0.97, 4),
    "HCO3": (24, 3, -2.5, 0.98, 3),
    "HCT": (31, 4, -1, 0.98, 4),
    "K": (4.1, 0.5, 0.15, 0.98, 4),
    "Na": (139, 4, 0.5, 0.98, 3),
    "Platelets": (200, 80, -25, 0.98, 3),
    "WBC": (11.5, 4, 2.5, 0.98, 3),
    "pH": (7.38, 0.05, -0.04, 0.75, 5),
    "PaO2": (140, 50, -15, 0.75, 5),
    "PaCO2": (40, 7, 1, 0.75, 5),
    "FiO2": (0.5, 0.12, 0.08, 0.7, 6),
    "Lactate": (2.0, 0.9, 1.6, 0.5, 2),
    "SaO2": (97, 1.5, -1.0, 0.45, 4),
}


def simulate_physionet_2012(folder: Path, stays: int, seed: int) -> Path:
    """Write two sets of invented stays with their outcomes.

    A hidden severity moves what is measured, how often it is measured and who dies (about one in seven).

    Args:
        folder: Where sets and outcomes are written; made if it is not there.
        stays: In both sets together.
        seed: The same seed gives the same files, byte for byte.
    """
    rng = np.random.default_rng(seed)
    for number, name in enumerate("ab"):
        count = stays // 2 + (stays % 2 if number == 0 else 0)
        stays_of = folder / f"set-{name}"
        stays_of.mkdir(parents=True, exist_ok=True)
        lines = ["RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"]
        for place in range(count):
            record = 100_001 + 50_000 * number + place
            severity, age = float(rng.normal()), float(np.clip(rng.normal(64, 16), 16, 90))
            died = rng.random() < 1 / (1 + np.exp(2.6 - 1.4 * severity - 0.03 * (age - 64)))
            (stays_of / f"{record}.txt").write_text(_stay(record, severity, age, rng), "utf-8")
            lines.append(f"{record},{_outcome(severity, died=bool(died), rng=rng)}")
        (folder / f"Outcomes-{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def _outcome(severity: float, *, died: bool, rng: np.random.Generator) -> str:
    saps, sofa = (max(0, round(mean + spread * severity + rng.normal(0, spread))) for mean, spread in ((14, 4), (6, 3)))
    length = max(3, round(float(rng.gamma(3, 4))))
    later = length + round(float(rng.exponential(300))) + 1
    survival = length if died else (later if rng.random() < 0.3 else -1)
    told = saps if rng.random() > 0.03 else -1
    return f"{told},{sofa},{length if died or rng.random() > 0.015 else -1},{survival},{int(died)}"


def _stay(record: int, severity: float, age: float, rng: np.random.Generator) -> str:
    height = round(float(rng.normal(170, 10)), 1) if rng.random() < 0.5 else -1
    first = [
        f"RecordID,{record}",
        f"Age,{age:.0f}",
        f"Gender,{int(rng.random() < 0.55)}",
        f"Height,{height}",
        f"ICUType,{rng.integers(1, 5)}",
        f"Weight,{rng.normal(80, 18):.1f}" if rng.random() < 0.9 else "Weight,-1",
    ]
    rows = [(0, line) for line in first]
    # Sicker patients are measured more often.
    often = float(np.exp(0.15 * severity + rng.normal(0, 0.2)))
    moments = np.sort(rng.integers(5, 48 * 60, max(6, round(26 * often))))
    for name, (mean, spread, shift, share, times) in VARIABLES.items():
        if rng.random() >= share:
            continue
        count = int(min(len(moments), max(1, rng.poisson(times * often))))
        at = np.sort(rng.choice(moments, count, replace=False))
        rows += [
            (int(minute), f"{name},{value}")
            for minute, value in zip(at, _course(mean, spread, shift, severity, at, rng), strict=True)
        ]
    if rng.random() < 1 / (1 + np.exp(-severity)):
        rows += [(int(minute), "MechVent,1") for minute in moments[: rng.integers(1, len(moments))]]
    rows.sort(key=lambda row: row[0])
    return "\n".join(["Time,Parameter,Value", *(f"{at // 60:02d}:{at % 60:02d},{line}" for at, line in rows)]) + "\n"


def _course(
    mean: float, spread: float, shift: float, severity: float, at: Floats, rng: np.random.Generator
) -> list[str]:
    """A patient's own level, moved by severity and drifting further with it, and noise."""
    level = mean + shift * severity / 2 + rng.normal(0, spread / 2)
    drift = shift * severity / 2 * (np.asarray(at) / (48 * 60))
    values = np.maximum(level + drift + rng.normal(0, spread / 2, len(at)), mean / 20)
    digits = 2 if mean < 10 else 1 if mean < 50 else 0
    return [f"{min(value, 15.0) if mean == VARIABLES['GCS'][0] else value:.{digits}f}" for value in values]
