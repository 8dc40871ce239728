"""Random images with boxes, and what an imperfect detector finds in them."""

import numpy as np

from bedside.endpoints.boxes.boxes import Aside, Boxes, Found


def scenes(
    seed: int, count: int, size: tuple[int, ...] = (40, 50), kinds: int = 2, decimals: int = 6
) -> tuple[list[Boxes], list[Found]]:
    """Images with none to five boxes; most are found a little displaced, some twice, and some things are invented."""
    stream = np.random.default_rng(seed)
    extent = np.array(size, dtype=np.float64)
    outcomes, predictions = [], []
    for image in range(count):
        there = 2 if image == 0 else int(stream.integers(0, 6))
        starts = stream.uniform(-0.5, extent - 12.0, (there, len(size)))
        truth = Boxes(
            np.concatenate([starts, starts + stream.uniform(5.0, 11.0, starts.shape)], axis=1),
            stream.integers(0, kinds, there),
            size,
        )
        corners = [truth.corners + stream.normal(0.0, 0.8, truth.corners.shape) for _ in range(2)]
        kept = [np.flatnonzero(stream.random(there) < share) for share in (0.8, 0.3)]
        invented = stream.uniform(0.0, extent - 10.0, (int(stream.integers(0, 4)), len(size)))
        displaced = [one[k] for one, k in zip(corners, kept, strict=True)]
        told = np.concatenate([*displaced, np.hstack([invented, invented + 8.0])])
        right = sum(map(len, kept))
        of = np.concatenate([*(truth.kinds[k] for k in kept), stream.integers(0, kinds, len(invented))])
        score = np.concatenate([stream.uniform(0.2, 1.0, right), stream.uniform(0.0, 0.8, len(invented))])
        outcomes.append(truth)
        predictions.append(Found(told.astype(np.float32), of, np.round(score, decimals).astype(np.float32)))
    return outcomes, predictions


def crowded(seed: int, count: int) -> tuple[list[Boxes], list[Found]]:
    """The same images, in about half of them one crowd of a kind, in which and over whose border things are found."""
    stream = np.random.default_rng(seed)
    outcomes, predictions = scenes(seed, count)
    for place, (truth, told) in enumerate(zip(outcomes, predictions, strict=True)):
        if stream.random() < 0.5:
            continue
        kind = int(stream.integers(0, 2))
        start = stream.uniform(0.0, 15.0, 2)
        crowd = np.concatenate([start, start + stream.uniform(15.0, 22.0, 2)])
        inside = start + stream.uniform(-6.0, 14.0, (4, 2))
        found = np.clip(np.hstack([inside, inside + stream.uniform(4.0, 9.0, (4, 2))]), -0.5, 39.0)
        found = found[(found[:, 2:] > found[:, :2]).all(axis=1)]
        aside = Aside(crowd[None], np.array([kind]), np.array([True]))
        outcomes[place] = Boxes(truth.corners, truth.kinds, truth.size, aside=aside)
        predictions[place] = Found(
            np.concatenate([told.corners, found]).astype(np.float32),
            np.concatenate([told.kinds, np.full(len(found), kind)]),
            np.concatenate([told.scores, np.round(stream.uniform(0.1, 1.0, len(found)), 6)]).astype(np.float32),
        )
    return outcomes, predictions
