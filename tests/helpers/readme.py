"""What the README shows of the program's own output, and its renewal: ``python -m tests.helpers.readme [--real]``.

Renews the excerpt of results.csv and the pictures; with ``--real`` also the figures of the real pages and digits.
"""

import argparse
import csv
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PICTURE = ROOT / ".github" / "overlay.jpg"
FORM_PICTURE = ROOT / ".github" / "form.jpg"
SHOWN = ["field", "value", "confidence", "status", "reasons", "runner_up"]
SETS = {
    "sudoku": "40 sudokus",
    "marksheet": "1 mark sheet",
    "cheques": "38 cheques",
    "nist": "1 NIST form",
}


def block(start: str) -> str:
    """Give what stands between ``<!-- start… -->`` and ``<!-- end -->``."""
    found = re.search(_pattern(start), README.read_text("utf-8"), re.DOTALL)
    assert found, f"README.md has no block {start!r}"
    return found[2]


def table(text: str, *header: str) -> list[list[str]]:
    """Give the rows of the Markdown table whose header begins with these cells, backticks taken off."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("|") and _cells(line)[: len(header)] == list(header):
            rows = []
            for row in lines:
                if not row.startswith("|"):
                    break
                rows.append(_cells(row))
            return rows[1:]
    raise AssertionError(f"README.md has no table {header}")


def code_blocks(language: str = "") -> list[str]:
    """Give the README's code blocks of one language, those within a list too."""
    blocks = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(code) for _, found, code in blocks if found == language]


def shown_file() -> str:
    """Name the sample that the README shows."""
    found = re.search(r"<!-- excerpt: (\S+) -->", README.read_text("utf-8"))
    assert found, "README.md has no excerpt"
    return found[1]


def excerpt(results: Path) -> list[list[str]]:
    """Give the shown columns of the shown file's rows in a job's results.csv."""
    with results.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"] == shown_file()]
    return [[row[name] for name in SHOWN] for row in rows]


def fields_of(path: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    """Give the rows of a table of results or truth by their file, page and field."""
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    return {(row["file"], row["page"], row["field"]): row for row in rows}


def run_samples(out: Path) -> Path:
    """Read the samples as the README's command does; gives the output folder."""
    _ocrbatch("run", str(ROOT / "samples"), "-o", str(out), "--overlays")
    return out


def show_form(picture: Path) -> Path:
    """Draw a form of the samples over one of its pages, as the README's command does; gives the picture."""
    form, scan = ROOT / "samples/forms/slip.toml", ROOT / "samples/slip-green.jpg"
    _ocrbatch("form", "show", str(form), str(scan), "-o", str(picture))
    return picture


def _ocrbatch(*words: str) -> None:
    command = [sys.executable, "-c", "from ocrbatch.commands.app import main; main()"]
    subprocess.run([*command, *words], check=True, capture_output=True)


def _pattern(start: str) -> str:
    return rf"(<!-- {re.escape(start)}[^\n]*-->\n)(.*?)(<!-- end -->)"


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _put(start: str, header: list[str], rows: list[list[str]], note: str = "") -> None:
    """Put a table into a block, and below it a note, which ends with its line."""
    lines = [header, ["---"] * len(header), *rows]
    text = "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n" + (note and note + "\n")
    old = README.read_text("utf-8")
    README.write_text(re.sub(_pattern(start), lambda m: m[1] + text + m[3], old, flags=re.DOTALL), "utf-8")


def _measured() -> list[list[str]]:
    from tests.real.__main__ import read_set
    from tests.real.measure import figures

    rows = []
    for name, told in SETS.items():
        for line in figures(name, [outcome for _, _, outcome in read_set(name)]):
            rows.append([told, line.what, f"{line.reached} of {line.of}"])
    return rows


def _measured_forms() -> list[list[str]]:
    from tests.real.registration import measured

    return [[line.set, line.what, f"{line.reached} of {line.of}"] for line in measured()[0] if line.of]


def _measured_fields() -> list[list[str]]:
    from tests.real.field_figures import figures
    from tests.real.field_sets import SETS as FIELD_SETS
    from tests.real.fields import read_sets

    with tempfile.TemporaryDirectory() as folder:
        lines = figures(read_sets(list(FIELD_SETS), None, Path(folder)))
    return [
        [line.set, line.what, f"{line.reached:.2%}" if line.share else f"{line.reached} of {line.of}"] for line in lines
    ]


def _measured_digits() -> list[list[str]]:
    from tests.real.digits import figures

    return [[line.set, line.what, str(line.of), f"{line.reached:.2%}"] for line in figures()]


def main() -> None:
    """Renew what the README shows."""
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.readme", description=__doc__)
    parser.add_argument("--real", action="store_true", help="measure the real pages and digits too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = run_samples(Path(folder) / "out")
        rows = [[f"`{row[0]}`", f"`{row[1]}`" if row[1] else "", *row[2:]] for row in excerpt(out / "results.csv")]
        _put("excerpt", SHOWN, rows)
        PICTURE.write_bytes((out / "overlays" / f"{shown_file()}.p1.jpg").read_bytes())
        FORM_PICTURE.write_bytes(show_form(Path(folder) / "form.jpg").read_bytes())
    if options.real:
        from tests.real.field_figures import NOTE as FIELDS_NOTE

        _put("measured on real pages", ["pages", "what", "reached"], _measured())
        _put("measured with forms", ["pages", "what", "reached"], _measured_forms())
        _put("measured fields", ["pages", "what", "reached"], _measured_fields(), FIELDS_NOTE)
        _put("measured on real digits", ["set", "what", "of", "reached"], _measured_digits())


if __name__ == "__main__":
    main()
