"""``ocrbatch`` with faults: the whole program, changed by hooks, in a process of its own or copied from a warm one.

``python -m tests.faults.program HOOKS ARGUMENT...`` runs it; HOOKS is JSON: a list of a hook's name and what it takes.
``python -c "from tests.faults.program import serve; serve()"`` starts it again and again, each time in a moment.
"""

import gc
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

Hook = Sequence[Any]
IMPORTED = (
    "ocrbatch.commands.app",
    "ocrbatch.job.cores",
    "ocrbatch.job.log",
    "ocrbatch.job.run",
    "ocrbatch.model.card",
    "ocrbatch.output.escape",
    "ocrbatch.page.whole",
    "rich.progress",
    "tests.faults.hooks",
)
"""What a job imports when it needs it."""


def run(hooks: Sequence[Hook], arguments: Sequence[str]) -> None:
    """Apply the hooks, each a name with what it takes by place or (last) by name, and run the command."""
    from ocrbatch.commands.app import main
    from tests.faults import hooks as known

    for name, *given in hooks:
        named = given.pop() if given and isinstance(given[-1], dict) else {}
        getattr(known, name)(*given, **named)
    sys.argv = ["ocrbatch", *arguments]
    main()


def serve() -> None:
    """Start the program as a copy of this process for each line of standard input, and tell of each how it ends."""
    _import_all()
    # A copy that need not look through what all have in common begins and ends in half the time.
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status, used = os.wait4(asked["wait"], 0)
            told = {"code": os.waitstatus_to_exitcode(status), "seconds": used.ru_utime + used.ru_stime}
        else:
            begun, begins = os.pipe()
            pid = os.fork()
            if not pid:
                _become(asked["out"], asked["err"])
                os.close(begun)
                os.close(begins)
                run(asked["hooks"], asked["arguments"])
                return
            os.close(begins)
            os.read(begun, 1)
            os.close(begun)
            told = {"pid": pid}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def _import_all() -> None:
    """Import what a job and its workers import, once for all."""
    from ocrbatch.job.server import PRELOADED

    for name in (*PRELOADED, *IMPORTED):
        importlib.import_module(name)


def _become(out: str, err: str) -> None:
    """Be a program of its own: a session without a terminal, no input, what it says in files, and no umask."""
    os.setsid()
    os.umask(0)
    for handle, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, handle)
        os.close(opened)


if __name__ == "__main__":
    run(json.loads(sys.argv[1]), sys.argv[2:])
