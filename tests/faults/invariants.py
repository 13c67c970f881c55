"""What holds after every fault, whatever it was: I1 to I8, looked for in what a job leaves behind.

I1 every input file has exactly one final state, no input is changed, and the totals add up. I2 a table is absent, the
old one, or the complete new one. I3 the exit code agrees with the ledger. I4 no traceback but with exit code 1. I5 no
stray file after a run that finished. I6 outputs are private. I7 no digit that was read is told. I8 (``check_as_alone``)
good files give the same rows as alone.
"""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import stat
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ocrbatch.errors import ExitCode
from ocrbatch.output.escape import unescape_name

FINISHED = (ExitCode.OK, ExitCode.PAGES_FAILED, ExitCode.REVIEW_WAITING)
STATES = frozenset({"read", "review", "failed", "skipped", "pending"})
KNOWN_FILES = re.compile(
    r"\.lock|ledger\.sqlite|manifest\.json|(results|pages)\.csv|results\.jsonl|results(-edited-\d+)?\.xlsx|forms/[^/]+\.csv|crops/.*\.png|overlays/.*\.jpg"
)
TELLING = 5
"""So many digits in a row are known again in a message: fewer are numbers of pages and files too."""
Rows = list[dict[str, str]]
Page = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Before:
    """What was there before a job: the input's files with their kind, content and time, and the output's tables.

    ``there`` tells whether the output folder was; ``runs`` counts the runs that its ledger knew.
    """

    inputs: Path
    output: Path
    files: Mapping[str, tuple[str, str, int]]
    tables: Mapping[str, bytes]
    there: bool
    runs: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What a ledger holds: files, pages by file, and of each run when it ended (empty where it did not)."""

    files: frozenset[str] = frozenset()
    pages: Mapping[str, list[Page]] = field(default_factory=dict)
    runs: tuple[str, ...] = ()


def before(inputs: Path, output: Path) -> Before:
    """Look at a job's input and output before it starts."""
    runs = len(ledger_of(output).runs)
    return Before(inputs, output, dict(_files(inputs)), tables(output), output.is_dir(), runs)


def check(
    was: Before,
    code: int,
    err: str,
    *,
    new: Mapping[str, bytes] | None = None,
    changed: Collection[str] = (),
    log: Path | None = None,
) -> None:
    """Assert I1 to I7 after a job; a job that did not finish may have left tables of ``new`` too.

    ``changed`` names the input files that the case itself has changed meanwhile; ``log`` is the job's log file.
    """
    kept = ledger_of(was.output)
    now = dict(_files(was.inputs))
    assert {name: now[name] for name in now.keys() - set(changed)} == {
        name: was.files[name] for name in was.files.keys() - set(changed)
    }, "I1: an input was changed"
    if code in FINISHED:
        _check_states(was, kept, set(changed))
        _check_tables(was.output, kept)
        _check_totals(was.output, kept)
        _check_code(code, was, kept)
        _check_stray(was.output)
    else:
        _check_old(was, new or {})
    if code in (ExitCode.INTERNAL, ExitCode.OUTPUT_UNWRITABLE):
        assert not any(kept.runs[was.runs :]), "I3: a run that broke off is recorded as ended"
    assert code == ExitCode.INTERNAL or "Traceback" not in err, f"I4: {err}"
    _check_private(was)
    _check_silent(was.output, kept, err, log)


def check_as_alone(output: Path, alone: Mapping[str, Rows]) -> None:
    """Assert I8: that the files of ``alone`` have these rows, of ``results.csv`` and ``pages.csv``, among others."""
    found = rows_by_file(output)
    for name, rows in alone.items():
        other = [row for row in found.get(name, []) if row not in rows]
        assert found.get(name) == rows, f"I8: {name} reads otherwise than alone: {other[:1]}"


def rows_by_file(output: Path) -> dict[str, Rows]:
    """Give the rows of each file: those of its pages, then those of its fields."""
    found: dict[str, Rows] = {}
    for table in ("pages.csv", "results.csv"):
        for row in rows_of(output / table):
            found.setdefault(unescape_name(row["file"]), []).append(row)
    return found


def rows_of(table: Path) -> Rows:
    """Read a table."""
    return list(csv.DictReader(io.StringIO(table.read_bytes().decode(), newline="")))


def tables(output: Path) -> dict[str, bytes]:
    """Give the tables of a job by their paths."""
    found = [*output.glob("*.csv"), *output.glob("forms/*.csv"), *output.glob("*.json*")]
    shown = [path for path in found if not path.name.startswith(".")]
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in shown}


def ledger_of(output: Path) -> Kept:
    """Read a copy of the ledger: a look at the ledger itself would roll back what a killed job has begun."""
    if not (output / "ledger.sqlite").is_file():
        return Kept()
    with tempfile.TemporaryDirectory() as place:
        for path in output.glob("ledger.sqlite*"):
            shutil.copy(path, place)
        with closing(sqlite3.connect(Path(place) / "ledger.sqlite")) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
                return Kept()
            names = [os.fsdecode(name) for (name,) in db.execute("SELECT name FROM files WHERE NOT moved")]
            pages: dict[str, list[Page]] = {name: [] for name in names}
            found = db.execute("SELECT name, sha256, status, content FROM pages ORDER BY name, page")
            for name, sha256, status, content in found:
                page = {**json.loads(content), "sha256": sha256}
                assert page["status"] == status, "I1: a page has two states"
                pages.setdefault(os.fsdecode(name), []).append(page)
            runs = tuple(ended for (ended,) in db.execute("SELECT ended FROM runs ORDER BY id"))
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return Kept(frozenset(names), pages, runs)


def _files(folder: Path, root: Path | None = None) -> Iterator[tuple[str, tuple[str, str, int]]]:
    """Give what a job should know of: all that is not hidden, and folders only where they cannot be read."""
    root = root or folder
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        name, mode = path.relative_to(root).as_posix(), path.lstat().st_mode
        time = path.lstat().st_mtime_ns
        if stat.S_ISDIR(mode):
            if mode & stat.S_IRUSR:
                yield from _files(path, root)
            else:
                yield f"{name}/", ("folder", "", time)
        elif stat.S_ISREG(mode):
            readable = os.geteuid() == 0 or os.access(path, os.R_OK)
            yield name, ("file", hashlib.sha256(path.read_bytes()).hexdigest() if readable else "", time)
        else:
            yield name, (oct(stat.S_IFMT(mode)), os.fspath(path.readlink()) if entry.is_symlink() else "", time)


def _check_states(was: Before, kept: Kept, changed: Collection[str]) -> None:
    known = kept.files - set(changed)
    expected = was.files.keys() - set(changed)
    assert known == expected, f"I1: files without a state, or unknown ones: {sorted(known ^ expected)[:9]}"
    assert kept.pages.keys() == kept.files, "I1: pages of no file"
    for name, pages in kept.pages.items():
        states = {page["status"] for page in pages}
        assert states, f"I1: {name} has no state"
        assert states <= STATES
        assert not states & {"skipped", "pending"} or len(pages) == 1, f"I1: {name} is {states}"
        assert [page["page"] for page in pages] == list(range(1, len(pages) + 1)), f"I1: pages of {name} are missing"


def _check_tables(output: Path, kept: Kept) -> None:
    """I2: what the tables say is what the ledger holds."""
    order = sorted(kept.pages, key=os.fsencode)
    expected = [(name, page) for name in order for page in kept.pages[name]]
    rows = rows_of(output / "pages.csv")
    assert [(unescape_name(row["file"]), int(row["page"]), row["status"], row["sha256"]) for row in rows] == [
        (name, page["page"], page["status"], page["sha256"]) for name, page in expected
    ], "I2: pages.csv is not what the ledger holds"
    fields = rows_of(output / "results.csv")
    told = [(row["file"], int(row["page"]), row["field"], row["value"], row["status"]) for row in fields]
    assert [(*map(unescape_name, (file, name, value)), page, state) for file, page, name, value, state in told] == [
        (file, one["name"], one["value"], page["page"], one["status"])
        for file, page in expected
        for one in page["fields"]
    ], "I2: results.csv is not what the ledger holds"
    by_page = Counter((file, page) for file, page, *_ in told)
    by_state = Counter((file, page, state) for file, page, _, _, state in told)
    for row in rows:
        key = (row["file"], int(row["page"]))
        assert int(row["fields"]) == by_page[key], f"I1: fields of {key}"
        assert int(row["accepted"]) == by_state[*key, "accepted"]
        assert int(row["review"]) == by_state[*key, "review"]
        assert row["status"] in ("read", "review") or not by_page[key], f"I1: {key} is {row['status']} and has rows"


def _check_totals(output: Path, kept: Kept) -> None:
    totals = json.loads((output / "manifest.json").read_text("utf-8"))["totals"]
    pages = Counter(page["status"] for own in kept.pages.values() for page in own)
    fields = Counter(one["status"] for own in kept.pages.values() for page in own for one in page["fields"])
    assert totals["files"] == len(kept.files), "I1: the total of files"
    assert {key: count for key, count in totals["pages"].items() if count} == pages, "I1: the totals of pages"
    assert {key: count for key, count in totals["fields"].items() if count} == fields, "I1: the totals of fields"


def _check_code(code: int, was: Before, kept: Kept) -> None:
    states = {page["status"] for own in kept.pages.values() for page in own}
    assert len(kept.runs) == was.runs + 1, "I3: a run that finished is not recorded once"
    assert kept.runs[-1], "I3: a run that finished is not recorded as ended"
    assert (code == ExitCode.PAGES_FAILED) == ("failed" in states), f"I3: exit code {code} with {states}"
    assert code != ExitCode.REVIEW_WAITING or "review" in states, "I3: nothing waits for review"


def _check_old(was: Before, new: Mapping[str, bytes]) -> None:
    now = tables(was.output)
    for name in now.keys() | was.tables.keys():
        allowed = [was.tables.get(name), new.get(name), *([None] if new and name not in new else [])]
        assert now.get(name) in allowed, f"I2: {name} is neither the old one nor the new one"


def _check_stray(output: Path) -> None:
    for path in output.rglob("*"):
        name = path.relative_to(output).as_posix()
        assert path.is_dir() or KNOWN_FILES.fullmatch(name), f"I5: {name}"


def _check_private(was: Before) -> None:
    """I6; an output folder that was there before is its owner's matter."""
    for path in [*([] if was.there else [was.output]), *was.output.rglob("*")] if was.output.is_dir() else []:
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"I6: {path} has {mode:o}"


def _check_silent(output: Path, kept: Kept, err: str, log: Path | None) -> None:
    """I7: neither messages nor the log hold a value that was read."""
    said = err.replace(str(output), "")
    for line in log.read_text("utf-8").splitlines() if log and log.is_file() else []:
        said += "\n" + json.dumps({key: value for key, value in json.loads(line).items() if key != "time"})
    told = set(re.findall(rf"\d{{{TELLING},}}", said))
    leaked = told & {one["value"] for own in kept.pages.values() for page in own for one in page["fields"]}
    assert not leaked, f"I7: {leaked} were read, and are told"
