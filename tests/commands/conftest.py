import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ocrbatch.commands.app import main

SAMPLES = Path(__file__).parents[2] / "samples"


@dataclass(frozen=True)
class Answer:
    """What the command answered: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Give ``ocrbatch`` as a function of its arguments; ``data`` is its standard input."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str | Path, data: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "argv", ["ocrbatch", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        capsysbinary.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        told = capsysbinary.readouterr()
        assert isinstance(code, int)
        answer = Answer(code, told.out.decode(), told.err.decode())
        assert "Traceback" not in answer.err
        return answer

    return call


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Give a folder with one page that reads."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "slip.jpg").write_bytes((SAMPLES / "slip-green.jpg").read_bytes())
    return folder
