"""Seeds for parts of a fit, derived from one seed and words, so that no part disturbs another."""

import hashlib


def derive(seed: int, *parts: object) -> int:
    """A seed for one part of a fit.

    Args:
        seed: The seed of the whole.
        parts: What names the part ("member", 3). Their text decides, so keep to words and numbers.

    Returns:
        An integer in [0, 2**31), the range that every library here accepts.

    Examples:
        >>> derive(7, "member", 0) == derive(7, "member", 0)
        True
        >>> derive(7, "member", 0) == derive(7, "member", 1)
        False
    """
    text = "/".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
