"""The surroundings in which torch gives the same bytes for the same seed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def deterministic(seed: int, *, threads: int = 1) -> Iterator[None]:
    """Seeded, deterministic and on a fixed number of threads inside; everything restored outside.

    Args:
        seed: Of torch's generators, on every device.
        threads: Of torch on the CPU. Sums over several threads round differently, hence one.
    """
    before = torch.get_num_threads()
    strict, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(mode=True)
        try:
            yield
        finally:
            torch.set_num_threads(before)
            torch.use_deterministic_algorithms(strict, warn_only=warn)
