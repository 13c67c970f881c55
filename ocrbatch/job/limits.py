"""What a page may cost before it is given up."""

from dataclasses import dataclass

TIMEOUT = 60.0
MEMORY = 2 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a page may take, in seconds, and how many bytes a process may take beside what it needs to start.

    The system itself refuses more memory, where it can (Linux).
    """

    page_timeout: float = TIMEOUT
    memory: int = MEMORY
