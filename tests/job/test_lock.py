import os
import subprocess
import sys
from pathlib import Path

import pytest

from ocrbatch.errors import LockedError, OutputError
from ocrbatch.job.lock import lock_holder, locked

HOLD = """
import sys
from pathlib import Path
from ocrbatch.job.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_held_by_one_and_given_back(tmp_path: Path) -> None:
    with locked(tmp_path):
        assert lock_holder(tmp_path) == str(os.getpid())
        with pytest.raises(LockedError, match=str(os.getpid())), locked(tmp_path):
            pass
    assert lock_holder(tmp_path) == ""
    with locked(tmp_path):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert held.stdout is not None
    assert held.stdout.readline() == b"held\n"
    assert lock_holder(tmp_path) == str(held.pid)
    held.kill()
    held.communicate()
    assert lock_holder(tmp_path) == ""
    with locked(tmp_path):
        assert lock_holder(tmp_path) == str(os.getpid())


def test_where_there_is_no_folder_nobody_holds_it(tmp_path: Path) -> None:
    assert lock_holder(tmp_path / "none") == ""
    with pytest.raises(OutputError), locked(tmp_path / "none"):
        pass
