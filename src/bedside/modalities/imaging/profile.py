"""What development images looked like, and how new images differ from them."""

from collections.abc import Sequence
from typing import Literal, TypeAlias, cast

import numpy as np

from bedside.evidence.schema import Finding
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.look import Look, looks
from bedside.types import Json

_Severity: TypeAlias = Literal["serious", "warning", "info"]

SHIFTED = 0.05
"""Share of new images outside the development range from which the finding is a warning."""

_TOLERANCE = 0.01
"""Of a spacing, before it counts as outside the range."""


def profile_of(predictors: Sequence[Readable]) -> Json:
    """Channels, sizes, spacings and grey values of the development images: ranges only, nobody's image."""
    seen = looks(predictors)
    spaced = [look.spacing for look in seen if look.spacing is not None]
    dimensions = sorted({len(look.size) for look in seen})
    return {
        "images": len(seen),
        "channels": [*sorted({look.channels for look in seen})],
        "dimensions": [*dimensions],
        "size": _ranges([look.size for look in seen], dimensions),
        "spacing_known": len(spaced),
        "spacing": _ranges(spaced, sorted({len(one) for one in spaced})),
        "low": _range([look.low for look in seen]),
        "median": _range([look.median for look in seen]),
        "high": _range([look.high for look in seen]),
    }


def compare_with(profile: Json, predictors: Sequence[Readable]) -> tuple[Finding, ...]:
    """How new images differ from development: channels, dimensions, size, spacing and grey values."""
    before = cast("dict[str, Json]", profile)
    seen = looks(predictors)
    found = [
        _unlike("channels", "channels", [look.channels for look in seen], before),
        _unlike("dimensions", "dimensions", [len(look.size) for look in seen], before),
        _sized(seen, before),
        *_spaced(seen, before),
        _grey(seen, before),
    ]
    return tuple(finding for finding in found if finding is not None)


def _range(values: Sequence[float]) -> list[Json]:
    return [float(min(values)), float(max(values))] if values else []


def _ranges(rows: Sequence[Sequence[float]], dimensions: Sequence[int]) -> dict[str, Json]:
    """Smallest and largest value along each axis, by number of dimensions."""
    made: dict[str, Json] = {}
    for count in dimensions:
        alike = np.array([row for row in rows if len(row) == count], dtype=np.float64)
        made[str(count)] = [alike.min(axis=0).tolist(), alike.max(axis=0).tolist()]
    return made


def _unlike(kind: str, words: str, values: Sequence[int], before: dict[str, Json]) -> Finding | None:
    known = cast("list[int]", before[kind])
    unlike = [value for value in values if value not in known]
    if not unlike:
        return None
    text = (
        f"{len(unlike)} of {len(values)} images have {_either(sorted(set(unlike)))} {words}; development images had "
        f"{_either(known)}"
    )
    return Finding(kind=kind, severity="serious", text=text, count=len(unlike))


def _either(values: Sequence[int]) -> str:
    return " or ".join(str(value) for value in values)


def _outside(rows: Sequence[Sequence[float]], limits: Json, tolerance: float) -> int:
    """How many rows lie outside the limits of their number of dimensions; other dimensions are told elsewhere."""
    known = cast("dict[str, list[list[float]]]", limits)
    count = 0
    for row in rows:
        if str(len(row)) in known:
            low, high = np.array(known[str(len(row))])
            count += bool(((row < low * (1 - tolerance)) | (row > high * (1 + tolerance))).any())
    return count


def _severity(count: int, cases: int) -> _Severity:
    return "warning" if count / cases > SHIFTED else "info"


def _sized(seen: Sequence[Look], before: dict[str, Json]) -> Finding | None:
    count = _outside([look.size for look in seen], before["size"], 0.0)
    if not count:
        return None
    text = (
        f"{count} of {len(seen)} images are smaller or larger than any in development ({_limits(before['size'], '')})"
    )
    return Finding(kind="size", severity=_severity(count, len(seen)), text=text, count=count)


def _spaced(seen: Sequence[Look], before: dict[str, Json]) -> list[Finding]:
    made = []
    spaced = [look.spacing for look in seen if look.spacing is not None]
    unknown = len(seen) - len(spaced)
    if unknown and before["spacing_known"] == before["images"]:
        text = f"{unknown} of {len(seen)} images do not tell the distance between pixels; all of development did"
        made.append(Finding(kind="spacing", severity="serious", text=text, count=unknown))
    count = _outside(spaced, before["spacing"], _TOLERANCE)
    if count:
        text = (
            f"{count} of {len(seen)} images have distances between pixels outside those of development "
            f"({_limits(before['spacing'], ' mm')})"
        )
        made.append(Finding(kind="spacing", severity=_severity(count, len(seen)), text=text, count=count))
    return made


def _limits(limits: Json, unit: str) -> str:
    known = cast("dict[str, list[list[float]]]", limits)
    ends = (" to ".join(" x ".join(f"{x:g}" for x in end) for end in pair) for pair in known.values())
    return ", ".join(f"{words}{unit}" for words in ends)


def _grey(seen: Sequence[Look], before: dict[str, Json]) -> Finding | None:
    """Images whose middle lies outside, or whose spread is far beyond, what development had."""
    low, high = (cast("list[float]", before[name]) for name in ("low", "high"))
    median = cast("list[float]", before["median"])
    width = max(high[1] - low[0], 1e-12)
    unlike = [
        look
        for look in seen
        if not median[0] - 0.05 * width <= look.median <= median[1] + 0.05 * width or look.high - look.low > 2 * width
    ]
    if not unlike:
        return None
    share = len(unlike) / len(seen)
    severity: _Severity = "serious" if share > 0.5 else _severity(len(unlike), len(seen))
    text = (
        f"{len(unlike)} of {len(seen)} images have grey values unlike development's (medians {median[0]:g} to "
        f"{median[1]:g} there); check the device, the export and the window"
    )
    return Finding(kind="grey_values", severity=severity, text=text, count=len(unlike))
