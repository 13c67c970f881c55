import os
import subprocess
import sys
import time

HEAVY = "print(*sorted({'numpy', 'cv2', 'pandas', 'ocrbatch.records'} & sys.modules.keys()))"
BEGIN = """
import multiprocessing, os, time
from multiprocessing import forkserver
from ocrbatch.job.server import begin_server
start = time.monotonic()
begin_server()
print(time.monotonic() - start < 0.4, forkserver._forkserver._forkserver_pid is not None)
"""


def said(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_the_server_is_begun_before_anything_heavy_is_loaded() -> None:
    assert said(f"import sys\nfrom ocrbatch.job.server import begin_server\n{HEAVY}") == ""


def test_beginning_the_server_is_not_waited_for() -> None:
    assert said(BEGIN) == "True True"


def test_the_server_ends_with_its_process() -> None:
    program = BEGIN + "print(forkserver._forkserver._forkserver_pid)"
    pid = int(said(program).split()[-1])
    # It has a moment to load what it was loading.
    for _ in range(300):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError(f"the server {pid} goes on")
