"""How fast it is here: ``python -m tests.bench [--json] [--rounds N]``.

Medians over alternating rounds, so that what else the machine does weighs on all rows alike. It prints and
judges nothing.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "samples" / "slip-green.jpg"
WARM_UP = 1
CELLS = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: ``seconds`` is a median, ``spread`` the least and the most, ``goal`` a number."""

    what: str
    measure: str
    seconds: float
    spread: tuple[float, float]
    times_decoding: float | None = None
    goal: str = ""


def command() -> list[str]:
    """Give the command that is installed beside this Python."""
    found = shutil.which("ocrbatch", path=str(Path(sys.executable).parent))
    return [found] if found else [sys.executable, "-c", "from ocrbatch.commands.app import main; main()"]


def help_time() -> float:
    """Time ``ocrbatch --help`` by the clock."""
    start = time.perf_counter()
    subprocess.run([*command(), "--help"], check=True, capture_output=True)
    return time.perf_counter() - start


def first_row_time() -> float:
    """Time a new process from its start to the first row of one page's table."""
    start = time.perf_counter()
    with subprocess.Popen(
        [*command(), "read", str(SAMPLE), "--csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        header, row = process.stdout.readline(), process.stdout.readline()
        seconds = time.perf_counter() - start
        _, errors = process.communicate()
    if not (header and row):
        raise RuntimeError(f"ocrbatch read gave no row: {errors.strip()[-300:]}")
    return seconds


def page_timers() -> dict[str, Callable[[], float]]:
    """Give what times (CPU, all threads) a 300-dpi A4 page of 64 cells, decoded alone and read to its end."""
    import cv2

    from ocrbatch.model.card import load_model_file
    from ocrbatch.page.classify import make_classifier
    from ocrbatch.page.decode import decode
    from ocrbatch.page.reader import read_pages

    # As in a worker: several threads would count their waiting for each other as work.
    cv2.setNumThreads(1)
    classifier = make_classifier(load_model_file())

    def decoding(data: bytes) -> float:
        start = time.process_time()
        assert len(list(decode(data))) == 1
        return time.process_time() - start

    def reading(data: bytes) -> float:
        start = time.process_time()
        (page,) = read_pages(decode(data), classifier)
        seconds = time.process_time() - start
        if sum(len(field.cells) for field in page.result.fields) != CELLS:
            raise RuntimeError(f"the page's {CELLS} cells were not found")
        return seconds

    timers: dict[str, Callable[[], float]] = {}
    for kind, data in a4_page().items():
        timers[f"{kind}: decode"] = partial(decoding, data)
        timers[f"{kind}: decode and read"] = partial(reading, data)
    return timers


def a4_page() -> dict[str, bytes]:
    """Render the page: eight combs of eight cells on an A4 sheet, as grey and colour JPEG and as grey PNG."""
    import cv2

    from tests.helpers.render import Grid, PageSpec, Scan, Text, render_page

    values = [f"{(number * 7654321 + 1234567) % 10**8:08}" for number in range(8)]
    grids = tuple(Grid(40, 40 + 30 * i, (value,), (9, 11)) for i, value in enumerate(values))
    texts = tuple(Text((40, 33 + 30 * i), f"Number {i + 1}", 3.6) for i in range(8))
    spec, scan = PageSpec((210, 297), grids, texts), Scan(skew=0.8)
    grey = render_page(spec, dpi=300, scan=scan).pixels
    colour = render_page(spec, dpi=300, scan=replace(scan, colour=True)).pixels
    quality = [cv2.IMWRITE_JPEG_QUALITY, 85]
    return {
        "JPEG": cv2.imencode(".jpg", grey, quality)[1].tobytes(),
        "colour JPEG": cv2.imencode(".jpg", colour[..., ::-1], quality)[1].tobytes(),
        "PNG": cv2.imencode(".png", grey)[1].tobytes(),
    }


def alternating(timers: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run every timer once a round, the first round for nothing; what cannot run is told of and left out."""
    seconds: dict[str, list[float]] = {name: [] for name in timers}
    for turn in range(WARM_UP + rounds):
        for name in list(seconds):
            try:
                value = timers[name]()
            except (subprocess.CalledProcessError, RuntimeError) as error:  # the other rows still tell much
                print(f"{name}: cannot be measured: {error}", file=sys.stderr)
                del seconds[name]
                continue
            if turn >= WARM_UP:
                seconds[name].append(value)
    return seconds


def rows(seconds: dict[str, list[float]]) -> list[Row]:
    """Make the table of what was measured."""
    goals = {"ocrbatch --help": "< 0.3 s", "first row of one page": "< 2 s"}
    table = []
    for name, values in seconds.items():
        alone = seconds.get(name.removesuffix(" and read")) if name.endswith(" and read") else None
        table.append(
            Row(
                name,
                "clock" if name in goals else "CPU",
                statistics.median(values),
                (min(values), max(values)),
                statistics.median(values) / statistics.median(alone) if alone else None,
                goals.get(name, "≤ 3 × decode" if alone else ""),
            )
        )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured")
    arguments = parser.parse_args()
    timers = {"ocrbatch --help": help_time, "first row of one page": first_row_time, **page_timers()}
    table = rows(alternating(timers, arguments.rounds))
    if arguments.json:
        print(json.dumps([asdict(row) for row in table], indent=2))
        return
    print(f"{'':<30}{'':<7}{'median s':>9}{'least':>8}{'most':>8}{'ratio':>7}  goal")
    for row in table:
        ratio = "" if row.times_decoding is None else f"{row.times_decoding:.2f}"
        low, high = row.spread
        print(f"{row.what:<30}{row.measure:<7}{row.seconds:>9.3f}{low:>8.3f}{high:>8.3f}{ratio:>7}  {row.goal}")


if __name__ == "__main__":
    main()
