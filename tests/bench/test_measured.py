"""What a tree of processes costs, and pages that are told apart by their bytes alone."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ocrbatch.form.store import load_forms
from ocrbatch.page.decode import decode
from ocrbatch.records import Page
from tests.bench.growth.measure import parts
from tests.bench.runs import first_recorded, measured
from tests.bench.sheets import (
    COLOUR,
    DPI,
    FEW,
    KINDS,
    MANY,
    SAMPLE_KINDS,
    SCAN,
    SUFFIXES,
    cells_of,
    distinct,
    packed,
    sample_sheets,
    sheet,
    write_form,
)
from tests.helpers.pictures import written_page
from tests.helpers.render import render_page

BURN = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass\n"
ORPHAN = f"""
import subprocess, sys
inner = {BURN!r}
outer = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {{inner!r}}])"
subprocess.run([sys.executable, "-c", outer])
data = bytes(64 << 20)
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems give nobody what is orphaned")


@linux
def test_the_time_of_what_outlives_its_parent_is_counted() -> None:
    found = measured([sys.executable, "-c", ORPHAN])
    assert 0.6 <= found["processor"] < 5
    assert found["clock"] < found["processor"] + 5


@linux
def test_memory_is_told_of_the_parent_and_of_the_largest_other() -> None:
    code = "import subprocess, sys, time; data = bytearray(100 << 20); subprocess.run([sys.executable, '-c', {!r}])"
    inner = "import time; data = bytearray(200 << 20); time.sleep(0.4)"
    found = measured([sys.executable, "-c", code.format(inner)])
    assert 100 <= found["parent_mb"] < 180
    assert 200 <= found["worker_mb"] < 300


@linux
def test_a_command_that_fails_is_no_measure() -> None:
    with pytest.raises(RuntimeError, match="failed"):
        measured([sys.executable, "-c", "raise SystemExit(2)"])


def test_a_log_tells_when_the_first_page_was_recorded_and_what_took_how_long(tmp_path: Path) -> None:
    log = tmp_path / "log"
    events = [("started", ""), ("recorded", 0), ("recorded", 8), ("recorded", 16), ("finished", "")]
    times = [datetime.fromtimestamp(1000 + 2 * i, UTC).isoformat(timespec="milliseconds") for i in range(5)]
    log.write_text(
        "".join(
            f'{{"time": "{time}", "event": "{event}", "files": "{files}"}}\n'.replace('"0"', "0")
            for time, (event, files) in zip(times, events, strict=True)
        )
    )
    assert first_recorded(log) == 1004
    assert parts(log, 999.0, 12.0) == (1.0, 6.0, 5.0)


@pytest.mark.parametrize("kind", [*KINDS, *SAMPLE_KINDS])
def test_copies_differ_in_their_bytes_and_not_in_their_pages(kind: str) -> None:
    if kind in SAMPLE_KINDS:
        content, suffix = sample_sheets(kind).contents[0], sample_sheets(kind).suffix
    else:
        page = written_page()
        content, suffix = packed(kind, np.dstack([page] * 3) if kind == COLOUR else page), SUFFIXES[kind]
    copies = [distinct(content, suffix, number) for number in (0, 1)]
    assert len({*copies, content}) == 3
    for pages in zip(*(list(decode(one)) for one in (*copies, content)), strict=True):
        assert all(isinstance(page, Page) and np.array_equal(page.pixels, pages[0].pixels) for page in pages)


@pytest.mark.parametrize("cells", [FEW, MANY])
def test_the_form_has_the_cells_of_its_sheets(cells: int, tmp_path: Path) -> None:
    (form,) = load_forms([write_form(cells, tmp_path)])
    assert sum(len(field.cells) for field in form.pages[0].fields) == cells


def test_the_cells_that_peers_are_given_hold_a_digit_and_no_lines() -> None:
    pixels = render_page(sheet(FEW, 0), dpi=DPI, scan=SCAN).pixels
    cells = cells_of(FEW, 0)
    assert len(cells) == FEW
    inks = [pixels[y : y + height, x : x + width] < 128 for x, y, width, height in cells]
    assert all(ink.any() for ink in inks)
    # A line would fill a row or a column.
    assert max(max(ink.mean(axis=0).max(), ink.mean(axis=1).max()) for ink in inks) < 0.95
