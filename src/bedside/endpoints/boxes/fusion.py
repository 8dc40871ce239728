"""Several models' boxes as one set: weighted boxes fusion (Solovyev, Wang and Gabruseva 2021, Image Vis Comput 107).

Boxes of all members are taken by falling score. Each joins, of the groups of its kind that hold none of its member, the
one whose fused box it overlaps most, from `OVERLAP` on, or begins a group. A group becomes one box: corners are means
weighted by score, and its score is the sum of theirs over the number of members, so that what few members found counts
less. One member's boxes never merge with each other: agreeing members change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bedside.endpoints.boxes.boxes import Found, overlaps
from bedside.types import Floats

OVERLAP = 0.55
"""Least overlap with a group's fused box, as the authors chose."""


@dataclass
class _Group:
    kind: int
    corners: Floats
    members: set[int] = field(default_factory=set)
    weighted: Floats = field(default_factory=lambda: np.zeros(0))
    score: float = 0.0

    def add(self, member: int, corners: Floats, score: float) -> None:
        self.weighted = self.weighted + score * corners if self.members else score * corners
        self.members.add(member)
        self.score += score
        if self.score > 0:
            self.corners = self.weighted / self.score


def fused(members: Sequence[Sequence[Found]]) -> list[Found]:
    """One set of boxes a case, of several members' boxes for the same cases."""
    return [_fused(case) for case in zip(*members, strict=True)]


def _fused(case: Sequence[Found]) -> Found:
    if len(case) == 1:
        return case[0]
    corners = np.concatenate([one.corners for one in case]).astype(np.float64)
    kinds = np.concatenate([one.kinds for one in case])
    scores = np.concatenate([one.scores for one in case]).astype(np.float64)
    member = np.repeat(np.arange(len(case)), [len(one) for one in case])
    groups: list[_Group] = []
    for place in np.lexsort((*corners.T[::-1], kinds, -scores)).tolist():
        group = _nearest(groups, int(kinds[place]), int(member[place]), corners[place])
        if group is None:
            group = _Group(int(kinds[place]), corners[place])
            groups.append(group)
        group.add(int(member[place]), corners[place], float(scores[place]))
    if not groups:
        return case[0]
    return Found(
        np.stack([group.corners for group in groups]).astype(np.float32),
        np.array([group.kind for group in groups], dtype=np.int64),
        np.array([group.score / len(case) for group in groups]).astype(np.float32),
    )


def _nearest(groups: Sequence[_Group], kind: int, member: int, corners: Floats) -> _Group | None:
    """The group that a box joins."""
    open_to = [group for group in groups if group.kind == kind and member not in group.members]
    if not open_to:
        return None
    found = overlaps(corners[None].astype(np.float32), np.stack([group.corners for group in open_to]))[0]
    best = int(found.argmax())
    return open_to[best] if found[best] >= OVERLAP else None
