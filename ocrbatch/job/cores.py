"""How many processes are worth having."""

import os
from collections.abc import Callable


def usable_cores() -> int:
    """Count the cores that this process may use."""
    allowed: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
