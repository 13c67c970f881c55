"""Run a command and tell what its whole tree of processes cost: ``python tests/bench/measured.py COMMAND...``.

It is a program of its own, and a small one: a process begins with the memory peak of the one that starts it. Whatever
outlives its parent, as the server does from which workers are forked, comes to this process, and is waited for: only
the time of processes that were waited for is counted. Linux only.
"""

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PAUSE = 0.05


def peaks(first: int, found: dict[int, float], ended: threading.Event) -> None:
    """Note the most memory (MB) that each process of a tree has had so far, again and again."""
    while not ended.wait(PAUSE):
        waiting = [os.getpid()]
        while waiting:
            process = waiting.pop()
            try:
                waiting += map(int, Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split())
                status = Path(f"/proc/{process}/status").read_text("ascii", errors="replace")
            except OSError:
                continue
            if process != os.getpid() and "VmHWM:" in status:
                found[process] = int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> int:
    """Run the command, wait for all that comes of it, and print what it took."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "processes that outlive their parent cannot be waited for")
    memory: dict[int, float] = {}
    ended = threading.Event()
    begun, start = time.time(), time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    watcher = threading.Thread(target=peaks, args=(process.pid, memory, ended))
    watcher.start()
    processor, clock, code = 0.0, 0.0, 0
    while True:
        try:
            # Not only the command: also what it has left behind.
            number, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        processor += usage.ru_utime + usage.ru_stime
        if number == process.pid:
            clock, code = time.perf_counter() - start, os.waitstatus_to_exitcode(status)
            process.returncode = code
    ended.set()
    watcher.join()
    parent = memory.pop(process.pid, 0.0)
    told = {"begun": begun, "clock": clock, "processor": processor, "parent_mb": parent}
    print(json.dumps({**told, "worker_mb": max(memory.values(), default=0.0), "code": code}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
