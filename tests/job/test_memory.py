import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from ocrbatch.job.memory import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
def page():
    one = np.ones(9_000_000, np.uint8)
    other = one + one
    return int(other[-1])
page()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    page()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told so")
def test_memory_that_is_kept_is_not_cleared_again_for_each_page() -> None:
    faults = {
        how: int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, check=True).stdout)
        for how in ("given back", "kept")
    }
    assert faults["kept"] < 100
    # Where the C library keeps it by itself there is nothing to be gained, nor lost.
    assert faults["kept"] <= faults["given back"]
