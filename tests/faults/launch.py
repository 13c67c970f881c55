"""Starting jobs and hearing how they end, from the side of the tests."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.bench.runs import command
from tests.faults.program import Hook

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
POWERLESS = (sys.executable, "-m", "tests.faults.powerless")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: its exit code (a signal's number below 0), and what it said.

    ``seconds`` is the processor's time that it took, its workers left out.
    """

    code: int
    out: str
    err: str
    seconds: float


class Running:
    """A job that goes on: its number is that of its process group too."""

    def __init__(self, launcher: "Launcher", pid: int, out: Path, err: Path) -> None:
        self._launcher, self.pid, self._out, self._err = launcher, pid, out, err

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send the job a signal, or all its processes."""
        (os.killpg if group else os.kill)(self.pid, number)

    @property
    def goes_on(self) -> bool:
        """Tell whether the job has not ended by itself."""
        return state_of(self.pid) not in ("", "Z")

    @property
    def processes(self) -> list[int]:
        """Give the numbers of its processes that have not ended."""
        return group_of(self.pid)

    def wait(self) -> Ended:
        """Wait until the job and all its processes have ended; one that does not is killed after a while."""
        patience = threading.Timer(PATIENCE, os.killpg, (self.pid, signal.SIGKILL))
        patience.start()
        told = self._launcher.ask({"wait": self.pid})
        patience.cancel()
        self._launcher.running.discard(self.pid)
        end = time.monotonic() + PATIENCE
        while self.processes:
            assert time.monotonic() < end, "processes of a job outlive it"
            time.sleep(0.002)
        return Ended(int(told["code"]), said(self._out), said(self._err), told["seconds"])


class Launcher:
    """Starts ``ocrbatch`` with hooks, each time in a moment, as a copy of a process that has imported all."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self.running: set[int] = set()
        self._server = subprocess.Popen(
            [*POWERLESS, sys.executable, "-c", "from tests.faults.program import serve; serve()"],
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: object, hooks: Sequence[Hook] = ()) -> Running:
        """Start the command with its arguments."""
        self._count += 1
        out, err = (self._folder / f"{self._count}.{name}" for name in ("out", "err"))
        asked = {"arguments": list(map(str, arguments)), "hooks": hooks, "out": str(out), "err": str(err)}
        pid = int(self.ask(asked)["pid"])
        self.running.add(pid)
        return Running(self, pid, out, err)

    def run(self, *arguments: object, hooks: Sequence[Hook] = ()) -> Ended:
        """Start the command and wait for its end."""
        return self.start(*arguments, hooks=hooks).wait()

    def ask(self, question: Mapping[str, object]) -> dict[str, float]:
        """Ask the server."""
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(question) + "\n")
        self._server.stdin.flush()
        told: dict[str, float] = json.loads(self._server.stdout.readline())
        return told

    def __enter__(self) -> "Launcher":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.kill()
        self._server.communicate()
        for pid in self.running:
            for process in (pid, *group_of(pid)):
                end(process)


def run_program(
    *arguments: object, hooks: Sequence[Hook] | None = None, env: Mapping[str, str] | None = None, shell: str = ""
) -> Ended:
    """Run ``ocrbatch`` as a person does, from its beginning; with ``hooks``, changed by them.

    ``shell`` stands behind the command in a shell: what is done with its input and output.
    """
    own = command() if hooks is None else [sys.executable, "-m", "tests.faults.program", json.dumps(hooks)]
    words = [*own, *map(str, arguments)]
    if shell:
        words = ["/bin/sh", "-c", f'exec "$@" {shell}', "sh", *words]
    before = os.times()
    done = subprocess.run(
        [*POWERLESS, *words],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"} if env is None else env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        start_new_session=True,
    )
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode(), seconds)


def said(path: Path) -> str:
    """Give what a job has said so far."""
    return path.read_text("utf-8", errors="replace") if path.exists() else ""


def group_of(leader: int) -> list[int]:
    """Give the processes of a group that have not ended."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return []
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, group = (place / "stat").read_text().rsplit(")", 1)[1].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(group) == leader and state != "Z":
            found.append(int(place.name))
    return found


def state_of(pid: int) -> str:
    """Give the letter of a process's state, Z where it has ended and nobody asked how; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def end(pid: int) -> None:
    """Kill a process, if it is there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
