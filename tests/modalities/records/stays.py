"""Small histories for tests, written as rows."""

import numpy as np

from bedside.modalities.records.history import HOUR, STATIC, Events, History

WORDS = ("ICD10CM//I10", "ICD10CM//J18", "LOINC//HR", "LOINC//SMOKING", "SEX//F")

Row = tuple[float | None, str, float | None, str | None]
"""(hours before the index time, None for a fact; code; number; text)."""


def histories(*cases: list[Row], words: tuple[str, ...] = WORDS) -> list[History]:
    """Histories over one table, each given in the order of time, facts first."""
    index = 1_000 * HOUR
    rows = [row for case in cases for row in case]
    written = tuple(sorted({row[3] for row in rows if row[3] is not None}))
    events = Events(
        np.array([STATIC if row[0] is None else index - round(row[0] * HOUR) for row in rows], dtype=np.int64),
        np.array([words.index(row[1]) for row in rows], dtype=np.int32),
        np.array([np.nan if row[2] is None else row[2] for row in rows], dtype=np.float32),
        np.array([-1 if row[3] is None else written.index(row[3]) for row in rows], dtype=np.int32),
        words,
        written,
    )
    made, start = [], 0
    for case in cases:
        facts = sum(row[0] is None for row in case)
        made.append(History(events, (start, start + facts), (start + facts, start + len(case)), 0, index))
        start += len(case)
    return made


def drawn(count: int, *, seed: int = 0, most: int = 12) -> list[History]:
    generator = np.random.default_rng(seed)
    cases = []
    for _ in range(count):
        hours = np.sort(np.round(generator.exponential(10.0, generator.integers(0, most)), 1))[::-1]
        rows: list[Row] = [(None, "SEX//F", None, None)] if generator.random() < 0.5 else []
        for hour in hours:
            code = str(generator.choice(WORDS[:4]))
            number = float(generator.normal(80, 10)) if code == "LOINC//HR" else None
            text = str(generator.choice(["never", "daily"])) if code == "LOINC//SMOKING" else None
            rows.append((float(hour), code, number, text))
        cases.append(rows)
    return histories(*cases)
