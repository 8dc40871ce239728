"""Which codes a multilabel outcome asks for, where they are chosen by frequency: on development alone."""

from collections.abc import Iterable

import polars as pl

from bedside.errors import CohortProblem


def most_frequent(development: Iterable[tuple[str, Iterable[str]]], count: int) -> tuple[str, ...]:
    """The codes that most patients have as an outcome, the commonest first; of equals the first by its name.

    Patients are counted and not samples: a code that comes again and again in a few patients would be judged by them.

    Args:
        development: Of every sample from which may be learned, and of no other, the patient and the codes.
        count: How many codes.

    Raises:
        CohortProblem: Development holds fewer.
    """
    pairs = {(code, patient) for patient, codes in development for code in codes}
    frame = pl.DataFrame(sorted(pairs), ["code", "patient"], orient="row") if pairs else pl.DataFrame({"code": []})
    found = frame.group_by("code").len().sort(["len", "code"], descending=[True, False])["code"].to_list()
    if len(found) < count:
        msg = f"development holds {len(found)} different codes and {count} are asked for; ask for fewer, or for others"
        raise CohortProblem(msg)
    return tuple(str(code) for code in found[:count])
