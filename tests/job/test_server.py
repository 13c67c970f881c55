import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = "print(*sorted({'numpy', 'cv2', 'pandas', 'ocrbatch.records'} & sys.modules.keys()))"
BEGIN = """
import multiprocessing, os, time
from multiprocessing import forkserver
from ocrbatch.job.server import begin_server
start = time.monotonic()
begin_server()
print(time.monotonic() - start < 0.4, forkserver._forkserver._forkserver_pid is not None)
"""


def said(program: str, **variables: str) -> str:
    call = [sys.executable, "-c", program]
    ended = subprocess.run(call, capture_output=True, text=True, check=True, env=os.environ | variables)
    return ended.stdout.strip()


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


@pytest.mark.skipif(sys.platform == "win32", reason="there is no server on Windows")
def test_where_a_socket_would_have_too_long_a_path_processes_begin_without_a_server(tmp_path: Path) -> None:
    program = "from ocrbatch.job.server import reading_context\nprint(reading_context().get_start_method())"
    deep = tmp_path / ("deep" * 25)
    deep.mkdir()
    assert said(program, TMPDIR=str(deep)) == "spawn"
    assert said(program, TMPDIR="/tmp") == "forkserver"
