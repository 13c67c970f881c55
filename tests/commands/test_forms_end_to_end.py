"""A form's whole way, by the commands that a person gives: from a blank sheet to the named values of its scans."""

import csv
import io
import json
import re
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from ocrbatch.form.store import load_forms
from ocrbatch.geometry import enclosing_box
from ocrbatch.records import Grey
from tests.commands.conftest import SAMPLES, Command
from tests.helpers.render import drawn_digits
from tests.helpers.render_samples import FORM_FIELDS, form_truth_rows

FORMS = SAMPLES / "forms"
TRUTH = {(file, str(page), field): value for file, page, field, value in form_truth_rows()}
DIGITS = drawn_digits(copies=1)
DPI = 200
BILL = """\
name = "bill"
[[page]]
width = 1654
height = 1165
dpi = 200
reference = "bill-1.png"
[[page.field]]
name = "customer"
kind = "boxes"
box = [200, 300, 480, 66]
cells = 8
[[page.field]]
name = "amount"
kind = "string"
box = [900, 300, 420, 80]
[[page.field]]
name = "paid"
kind = "mark"
box = [200, 500, 50, 50]
[[page]]
width = 1654
height = 1165
dpi = 200
reference = "bill-2.png"
[[page.field]]
name = "meter"
kind = "boxes"
box = [700, 600, 360, 66]
cells = 6
"""


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def values_of(path: Path, file: str) -> dict[str, str]:
    return {row["field"]: row["value"] for row in rows_of(path) if row["file"] == file}


def run(command: Command, scans: Path, form: Path) -> Path:
    """Read scans by a form in this very process; gives the output folder."""
    out = scans.with_name("out")
    answer = command("run", scans, "-o", out, "-f", form, "--jobs", "1")
    assert answer.code == 0, answer.err
    return out


def copied(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / Path(name).name).write_bytes((SAMPLES / name).read_bytes())
    return folder


def write(pixels: Grey, quads: np.ndarray, text: str) -> None:
    """Write a digit into the middle of each cell (n, 4, 2) of a sheet; a space leaves a cell blank."""
    for quad, sign in zip(quads, text, strict=True):
        if sign == " ":
            continue
        box = enclosing_box(quad)
        digit = DIGITS.pictures[int(DIGITS.of(int(sign))[0])]
        rows, columns = np.nonzero(digit.max(axis=1) > 30)[0], np.nonzero(digit.max(axis=0) > 30)[0]
        digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        scale = 0.62 * box.height / 20
        ink = cv2.resize(digit, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        top, left = box.y + (box.height - ink.shape[0]) // 2, box.x + (box.width - ink.shape[1]) // 2
        part = pixels[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.minimum(part, 255 - np.minimum(ink, 215), out=part)


def evenly(quad: np.ndarray, count: int) -> np.ndarray:
    """Part a quadrilateral (4, 2) in cells (count, 4, 2), to write a run of digits in it."""
    box = enclosing_box(quad)
    edges = np.linspace(box.x, box.right, count + 1)
    return np.array([[[a, box.y], [b, box.y], [b, box.bottom], [a, box.bottom]] for a, b in pairwise(edges)])


@pytest.fixture
def bill(command: Command, tmp_path: Path) -> Path:
    """Give a form of two pages and its print, ``bill.pdf``, beside it."""
    folder = tmp_path / "forms"
    folder.mkdir()
    form = folder / "bill.toml"
    form.write_text(BILL)
    answer = command("form", "print", form, "-o", folder / "bill.pdf")
    assert answer.code == 0, answer.err
    return form


def filled_bill(form: Path) -> list[Image.Image]:
    """Fill in a print of the bill: its pages as they are scanned, not quite straight."""
    document = pypdfium2.PdfDocument(form.with_name("bill.pdf").read_bytes())
    sheets = [np.array(page.render(scale=DPI / 72, grayscale=True).to_numpy()).squeeze() for page in document]
    document.close()
    fields = {field.name: field for page in load_forms([form])[0].pages for field in page.fields}
    write(sheets[0], fields["customer"].cells, "20394857")
    write(sheets[0], evenly(fields["amount"].cells[0], 6), " 2750 ")
    box = fields["paid"].box
    for start, end in (((0.2, 0.2), (0.8, 0.8)), ((0.2, 0.8), (0.8, 0.2))):
        points = [(int(box.x + x * box.width), int(box.y + y * box.height)) for x, y in (start, end)]
        cv2.line(sheets[0], points[0], points[1], (50,), 4, cv2.LINE_AA)
    write(sheets[1], fields["meter"].cells, " 61072")
    turn = Image.Resampling.BICUBIC
    return [Image.fromarray(sheet).rotate(1.5, turn, expand=True, fillcolor=255) for sheet in sheets]


def test_a_form_is_drafted_named_checked_shown_and_reads_its_pages(command: Command, tmp_path: Path) -> None:
    form = tmp_path / "forms" / "card.toml"
    assert command("form", "draft", FORMS / "card.blank", "-o", form).code == 0
    names = iter(FORM_FIELDS["card"])
    head, *fields = form.read_text("utf-8").split("[[field]]\n")
    fields = [field for field in fields if 'kind = "boxes"' in field]
    fields = [re.sub(r'(?m)^name = ".*"', f'name = "{next(names)}"', field) for field in fields]
    form.write_text("[[field]]\n".join([head, *fields]), "utf-8")
    check = command("form", "check", "--strict", form)
    assert (check.code, check.out) == (0, "no faults found\n")
    shown = command("form", "show", form, SAMPLES / "card-grey.png")
    assert (shown.code, shown.out) == (0, f"{form.with_name('card.show.jpg')}\n")
    out = run(command, copied(tmp_path / "in", "card-grey.png", "cards.tif"), form)
    rows = rows_of(out / "results.csv")
    read = {(row["file"], row["page"], row["field"]): row for row in rows}
    wanted = {key: value for key, value in TRUTH.items() if key[0] in ("card-grey.png", "cards.tif")}
    assert {row["form"] for row in rows} == {"card"}
    assert list(read) == list(wanted)
    assert sum(read[key]["value"] == value for key, value in wanted.items()) >= len(wanted) - 2
    assert all(row["value"] == wanted[key] for key, row in read.items() if row["status"] in ("accepted", "blank"))
    wide = rows_of(out / "forms/card.csv")
    assert tuple(wide[0])[2:-2] == FORM_FIELDS["card"]
    assert [row["joined"] for row in wide] == [value for key, value in wanted.items() if key[2] == "joined"]


def test_read_prints_what_run_writes(command: Command, tmp_path: Path) -> None:
    out = run(command, copied(tmp_path / "in", "slips.pdf"), FORMS)
    answer = command("read", tmp_path / "in" / "slips.pdf", "-f", FORMS, "--csv")
    printed = list(csv.DictReader(answer.out.splitlines()))
    told = [
        (row["page"], row["form"], row["field"], row["value"], row["status"]) for row in rows_of(out / "results.csv")
    ]
    assert [(row["page"], row["form"], row["field"], row["value"], row["status"]) for row in printed] == told
    assert [value for _, _, _, value, _ in told] == [v for (file, _, _), v in TRUTH.items() if file == "slips.pdf"]


def test_a_page_reads_the_same_upside_down_and_askew(command: Command, tmp_path: Path) -> None:
    scans = copied(tmp_path / "in", "slip-green.jpg")
    upright = Image.open(scans / "slip-green.jpg").convert("L")
    copies = {
        "half-turn.png": upright.rotate(180),
        "askew.png": upright.rotate(5, Image.Resampling.BICUBIC, expand=True, fillcolor=255),
        "both.png": upright.rotate(175, Image.Resampling.BICUBIC, expand=True, fillcolor=255),
    }
    for name, picture in copies.items():
        picture.save(scans / name, dpi=(300, 300))
    out = run(command, scans, FORMS)
    wanted = {field: value for (file, _, field), value in TRUTH.items() if file == "slip-green.jpg"}
    skews = {row["file"]: float(row["skew_degrees"]) for row in rows_of(out / "pages.csv")}
    for name in ("slip-green.jpg", *copies):
        assert values_of(out / "results.csv", name) == wanted, name
    assert abs(skews["half-turn.png"]) > 175
    assert skews["askew.png"] == pytest.approx(skews["slip-green.jpg"] - 5, abs=0.5)


def test_a_page_of_no_known_form_is_told_and_has_no_rows(command: Command, tmp_path: Path) -> None:
    out = run(command, copied(tmp_path / "in", "marks-photo.jpg", "slip-green.jpg"), FORMS)
    page, slip = rows_of(out / "pages.csv")
    assert (page["file"], page["form"], page["status"], page["fields"]) == ("marks-photo.jpg", "", "review", "0")
    assert page["reason"] == "unknown form"
    assert (slip["form"], slip["reason"]) == ("slip", "")
    assert float(slip["registration"]) > 0.8
    assert {row["file"] for row in rows_of(out / "results.csv")} == {"slip-green.jpg"}
    assert [path.name for path in (out / "forms").iterdir()] == ["slip.csv"]


def test_only_a_form_that_changed_has_its_pages_read_anew(command: Command, tmp_path: Path) -> None:
    scans, out = copied(tmp_path / "in", "slip-green.jpg"), tmp_path / "out"
    form = copied(tmp_path / "forms", "forms/slip.toml", "forms/slip.blank") / "slip.toml"

    def files_read() -> int:
        answer = command("run", scans, "-o", out, "-f", form, "--jobs", "1", "--json")
        assert answer.code == 0, answer.err
        return int(json.loads(answer.out)["files_read"])

    assert [files_read(), files_read()] == [1, 0]
    form.write_text(form.read_text("utf-8").replace('"amount"', '"crowns"'), "utf-8")
    assert [files_read(), files_read()] == [1, 0]
    assert list(values_of(out / "results.csv", "slip-green.jpg")) == ["date", "crowns"]


def test_a_printed_form_that_was_filled_in_is_registered_and_read(command: Command, bill: Path, tmp_path: Path) -> None:
    scans = tmp_path / "in"
    scans.mkdir()
    first, second = filled_bill(bill)
    first.save(scans / "a.tif", save_all=True, append_images=[second], dpi=(DPI, DPI))
    out = run(command, scans, bill)
    pages = rows_of(out / "pages.csv")
    assert [(row["form"], row["reason"]) for row in pages] == [("bill", ""), ("bill", "")]
    assert min(float(row["registration"]) for row in pages) > 0.8
    values = values_of(out / "results.csv", "a.tif")
    assert values == {"customer": "20394857", "amount": "2750", "paid": "crossed", "meter": "61072"}
    (row,) = rows_of(out / "forms/bill.csv")
    assert row | values == row


def test_a_printed_form_gives_no_warning(command: Command, bill: Path) -> None:
    answer = command("form", "check", "--strict", bill)
    assert (answer.code, answer.out) == (0, "no faults found\n")


def test_a_document_without_one_of_its_pages_is_told(command: Command, bill: Path, tmp_path: Path) -> None:
    scans = tmp_path / "in"
    scans.mkdir()
    first, second = filled_bill(bill)
    first.copy().save(scans / "half.png", dpi=(DPI, DPI))
    second.save(scans / "twice.tif", save_all=True, append_images=[first, second, first], dpi=(DPI, DPI))
    out = run(command, scans, bill)
    told = [(row["file"], row["page"], row["status"], row["reason"]) for row in rows_of(out / "pages.csv")]
    assert told[0] == ("half.png", "1", "review", "missing page 2 of bill")
    assert [reason for _, _, _, reason in told[1:]] == [""] * 4
    wide = rows_of(out / "forms/bill.csv")
    assert [(row["file"], row["page"], row["customer"], row["meter"]) for row in wide] == [
        ("half.png", "1", "20394857", ""),
        ("twice.tif", "1", "20394857", "61072"),
        ("twice.tif", "3", "20394857", "61072"),
    ]


def test_the_picture_of_a_form_over_a_scan_is_a_jpeg(command: Command, tmp_path: Path) -> None:
    picture = tmp_path / "slip.jpg"
    answer = command("form", "show", FORMS, SAMPLES / "slip-green.jpg", "-o", picture)
    assert answer.code == 0, answer.err
    assert answer.err.startswith("slip, page 1: registration 0.")
    assert Image.open(io.BytesIO(picture.read_bytes())).format == "JPEG"
    none = command("form", "show", FORMS / "slip.toml", SAMPLES / "marks-photo.jpg", "-o", picture)
    assert (none.code, none.out) == (3, "")
    assert "unknown form" in none.err
