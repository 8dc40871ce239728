"""One thread for a fit, whatever the machine: results may not depend on what else runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def single_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread inside, restore outside."""
    with threadpool_limits(limits=1):
        yield
