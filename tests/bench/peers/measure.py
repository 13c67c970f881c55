"""The other programs, each in a process of its own, on the same sheets: how many cells a second they read."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NOT_INSTALLED = 3
ROOT = Path(__file__).parents[3]
VENV = "python3 -m venv peers && peers/bin/pip install 'rapidocr==3.10.*' rapidocr-onnxruntime onnxruntime"
INSTALL = {
    "tesseract": "apt-get install tesseract-ocr",
    "rapid": f"{VENV}, then --peers-python peers/bin/python",
    "tutorial": "pip install 'ocrbatch[train]'",
}
NAMES = {"tesseract": "Tesseract", "rapid": "RapidOCR", "tutorial": "Keras, predict"}
TIMES = {"tesseract": 15.0, "rapid": 100.0, "tutorial": 300.0}
"""So many times as many cells a second ocrbatch is to read."""
ONE_THREAD = {"OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
"""Tesseract's threads wait for each other more than they work."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What one way of another program was measured at; where it was not, ``missing`` says what to do.

    ``answered`` is the share of the cells for which it gave a digit.
    """

    program: str
    way: str
    cells_a_second: float = 0.0
    answered: float = 0.0
    missing: str = ""

    @property
    def name(self) -> str:
        """What the table calls it."""
        return f"{NAMES[self.program]}, {self.way}" if self.way else NAMES[self.program]


def measure(given: Path, program: str, python: Path | None) -> list[Peer]:
    """Run a program on the pages that a file names, in one process."""
    interpreter = python if program == "rapid" else Path(sys.executable)
    if interpreter is None:
        return [Peer(program, "", missing=INSTALL[program])]
    done = subprocess.run(
        [str(interpreter), "-m", f"tests.bench.peers.{program}", str(given)],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = INSTALL[program] if done.returncode == NOT_INSTALLED else f"failed: {done.stderr.strip()[-200:]}"
        return [Peer(program, "", missing=why)]
    told = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    return [Peer(program, **one) for one in told]


def write_given(file: Path, pages: list[Path], cells: list[tuple[int, int, int, int]]) -> Path:
    """Write what the programs are given: the files of pages, and the cells of the first."""
    file.write_text(json.dumps({"files": [str(page) for page in pages], "cells": cells}), "utf-8")
    return file
