"""A network of machines within this one: namespaces with own addresses, joined by a bridge (Linux, as root)."""

import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

TOOLS = ("ip", "unshare", "nsenter")
PATIENCE = 10.0


class NoNetworkError(Exception):
    """This machine cannot make one; says why."""


class Network:
    """Machines 10.213.7.1, which has the bridge, and from 10.213.7.2 on; nothing else is reached from them."""

    def __init__(self) -> None:
        if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
            raise NoNetworkError(f"no {' and no '.join(missing)} here")
        self._holders: list[subprocess.Popen[bytes]] = []
        try:
            self._hold()
            self._do(0, "ip link set lo up")
            self._do(0, "ip link add bridge type bridge")
            self._do(0, "ip addr add 10.213.7.1/24 dev bridge")
            self._do(0, "ip link set bridge up")
        except NoNetworkError:
            self.__exit__(None, None, None)
            raise

    def add(self) -> int:
        """Add a machine; gives its number: it is 10.213.7.number, and that of the first is 2."""
        self._hold()
        place = len(self._holders) - 1
        self._do(0, f"ip link add v{place} type veth peer name e{place}")
        self._do(0, f"ip link set e{place} netns {self._holders[place].pid}")
        self._do(0, f"ip link set v{place} master bridge up")
        for command in (f"addr add 10.213.7.{place + 1}/24 dev e{place}", f"link set e{place} up", "link set lo up"):
            self._do(place, f"ip {command}")
        return place + 1

    def on(self, number: int) -> list[str]:
        """Give the words before a command that runs it on a machine."""
        return ["nsenter", "-t", str(self._holders[number - 1].pid), "-n"]

    def cut_off(self, number: int) -> None:
        """Pull a machine's cable."""
        self._do(0, f"ip link set v{number - 1} down")

    def _hold(self) -> None:
        """Make a namespace: it is there as long as a process is in it."""
        holder = subprocess.Popen(["unshare", "-n", "sleep", "600"], stderr=subprocess.DEVNULL)
        self._holders.append(holder)
        end = time.monotonic() + PATIENCE
        own = Path("/proc/self/ns/net").readlink()
        while holder.poll() is None and Path(f"/proc/{holder.pid}/ns/net").readlink() == own:
            if time.monotonic() > end:
                raise NoNetworkError("no namespace comes to be")
            time.sleep(0.02)
        if holder.poll() is not None:
            raise NoNetworkError("this user may make no namespaces")

    def _do(self, place: int, command: str) -> None:
        done = subprocess.run([*self.on(place + 1), *command.split()], capture_output=True, check=False)
        if done.returncode:
            raise NoNetworkError(f"{command}: {done.stderr.decode().strip()}")

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for holder in self._holders:
            holder.kill()
            holder.wait()
