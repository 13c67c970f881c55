"""Cases 14 to 21: bad and odd pictures among good ones."""

import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image

from tests.faults import bad_pictures as made
from tests.faults.among import GOOD, Among, Read
from tests.faults.launch import Launcher
from tests.faults.measured import MEGABYTES, SECONDS, measured_job
from tests.faults.pages import SAMPLES
from tests.helpers.pictures import saved

FORMS = ("-f", str(SAMPLES / "forms"))
CARDS = (SAMPLES / "cards.tif").read_bytes()
SLIP = (SAMPLES / "slip-green.jpg").read_bytes()


@pytest.fixture(scope="module")
def among(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Among:
    return Among(launcher, tmp_path_factory.mktemp("among"))


@pytest.fixture(scope="module")
def read(among: Among) -> Read:
    """Read all that is faulty or odd in one folder, beside good files that are to read as alone."""
    files = {"empty.png": b"", "whole.tif": CARDS, "cut.tif": CARDS[:-10], "plain.png": saved(made.part(), "PNG")}
    return among.read(
        files
        | made.no_pictures()
        | made.misnamed()
        | made.truncated(made.of_every_format())
        | made.of_every_kind_of_pixels()
        | made.of_unknown_range()
        | made.turned()
        | made.unreadable_pages()
        | made.documents()
        | made.scripted(),
        code=3,
    )


@pytest.fixture(scope="module")
def of_digits(among: Among) -> Read:
    """Read files of many pages, a digit a page."""
    whole = made.pages_of_digits(3)
    files = {
        "many.tif": made.pages_of_digits(60, bad=23),
        "loop.tif": made.pages_of_digits(3, last=int.from_bytes(whole[4:8], "little")),
        "beyond.tif": made.pages_of_digits(3, last=len(whole) + 1000),
        "crowded.tif": made.tags_as_large_as_the_file(),
    }
    return among.read(files, "--whole", "digit", code=3)


@pytest.fixture(scope="module")
def by_forms(among: Among) -> Read:
    """Read pages of known forms and of none by the forms of the samples."""
    with Image.open(io.BytesIO(SLIP)) as slip:
        down = saved(slip.transpose(Image.Transpose.ROTATE_180), "JPEG", quality=95)
    other = (SAMPLES / "tally-dotted.png").read_bytes()
    return among.read({"down.jpg": down, "other.png": other, **made.unreadable_pages()}, *FORMS, code=0)


def all_are(read: Read, files: Iterable[str], state: str) -> bool:
    """Tell whether files have one page each, of this state and reason."""
    return {name: read.reasons(name) for name in files} == {name: [state] for name in files}


def test_case_14_what_is_no_picture_fails_by_name(read: Read) -> None:
    assert read.reasons("empty.png") == ["failed: empty file"]
    assert all_are(read, made.no_pictures(), "failed: not an image")


def test_case_14_a_picture_is_read_by_its_content_whatever_its_name(read: Read) -> None:
    assert len(read.values("plain.png")[0]) == 8
    assert {tuple(read.values(name)) for name in made.misnamed()} == {tuple(read.values("plain.png"))}


def test_case_15_a_truncated_picture_of_any_format_fails_and_gives_no_digits(read: Read) -> None:
    files = made.truncated(made.of_every_format())
    assert all_are(read, files, "failed: truncated")
    assert not read.fields.keys() & files.keys()


def test_case_15_of_a_truncated_document_the_whole_pages_are_read(read: Read) -> None:
    assert read.reasons("cut.tif") == [*read.reasons("whole.tif")[:1], "failed: truncated"]
    first = [row | {"file": ""} for row in read.fields["whole.tif"] if row["page"] == "1"]
    assert [row | {"file": ""} for row in read.fields["cut.tif"]] == first != []


def test_case_16_bombs_are_refused_without_the_memory_for_them(among: Among) -> None:
    # A worker that may take 100 MB more than it starts with has no room for a gigapixel, and not for a tenth of it.
    bombs = among.read(made.bombs(), "--memory-limit", "100", code=3, good={})
    assert all_are(bombs, made.bombs(), "failed: too large")
    # By the size that they name, and not because the memory failed.
    assert [name for name, (row,) in bombs.pages.items() if "×" not in row["reason"]] == []


def test_case_16_the_largest_picture_is_an_option(among: Among) -> None:
    large, small = made.part(), made.part().crop((0, 0, made.part().width, made.part().height - 1))
    files = {"large.png": saved(large, "PNG"), "small.png": saved(small, "PNG")}
    limited = among.read(files, "--max-megapixels", f"{small.width * small.height / 1e6:.6f}", code=3, good={})
    assert limited.reasons("large.png") == ["failed: too large"]
    assert limited.reasons("small.png") == ["read"]


@pytest.mark.slow
def test_case_16_the_largest_pictures_take_bounded_time_and_memory(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    files = made.largest()
    for name, data in files.items():
        (tmp_path / "in" / name).write_bytes(data)
    ended, costs = measured_job(tmp_path / "in", tmp_path / "out", "--jobs", "1")
    assert ended.returncode == 0, ended.stderr
    assert {name: cost for name, cost in costs.items() if cost.megabytes > MEGABYTES or cost.processor > SECONDS} == {}
    assert costs.keys() == files.keys()


def test_case_17_every_kind_of_pixels_reads_as_eight_bits_do(read: Read) -> None:
    files = made.of_every_kind_of_pixels()
    assert {name: read.values(name) for name in files} == {name: read.values("plain.png") for name in files}
    assert all_are(read, files, "read")


def test_case_17_pixels_that_cannot_be_told_from_a_blank_page_are_refused(read: Read) -> None:
    assert all_are(read, made.of_unknown_range(), "failed: unsupported")


def test_case_18_every_orientation_and_a_fax_read_as_the_upright_picture(read: Read) -> None:
    files = made.turned()
    assert {name: read.values(name) for name in files} == {name: read.values("plain.png") for name in files}


def test_case_19_one_bad_page_of_many_costs_that_page_alone(of_digits: Read) -> None:
    reasons = of_digits.reasons("many.tif")
    assert len(reasons) == 60
    assert [number for number, reason in enumerate(reasons) if reason.startswith("failed")] == [23]
    digits = {int(row["page"]): row["value"] for row in of_digits.fields["many.tif"]}
    assert digits == {page: str((page - 1) % 10) for page in range(1, 61) if page != 24}


def test_case_19_a_chain_of_pages_that_loops_or_leaves_the_file_ends(of_digits: Read) -> None:
    assert of_digits.reasons("loop.tif")[3:] == ["failed: broken"]
    assert of_digits.reasons("beyond.tif")[3:] == ["failed: truncated"]
    assert of_digits.reasons("crowded.tif") == ["failed: broken"]


@pytest.mark.long
@pytest.mark.slow
def test_case_19_ten_thousand_pages_take_time_in_line_and_bounded_memory(tmp_path: Path) -> None:
    took = {}
    for count in (2000, 10_000):
        place = tmp_path / str(count)
        (place / "in").mkdir(parents=True)
        (place / "in/many.tif").write_bytes(made.pages_of_digits(count, bad=count // 2))
        (place / "in/good.jpg").write_bytes(GOOD["good-slip-green.jpg"])
        ended, costs = measured_job(place / "in", place / "out", "--jobs", "1", "--whole", "digit")
        assert ended.returncode == 3, ended.stderr
        pages = [line for line in (place / "out/pages.csv").read_text("utf-8").splitlines() if line.startswith("many")]
        assert len(pages) == count
        assert [number for number, line in enumerate(pages) if ",failed," in line] == [count // 2]
        took[count] = costs["many.tif"].processor
        assert costs["many.tif"].megabytes < MEGABYTES
    assert took[10_000] < 10 * took[2000]


def test_case_20_pages_without_anything_to_read_give_no_digits(read: Read, by_forms: Read) -> None:
    for job, reason in ((read, "no boxes found"), (by_forms, "unknown form")):
        assert all_are(job, made.unreadable_pages(), f"review: {reason}")
        assert not job.fields.keys() & made.unreadable_pages().keys()


def test_case_20_a_page_of_no_known_form_waits_unread(by_forms: Read) -> None:
    assert by_forms.reasons("other.png") == ["review: unknown form"]
    assert "other.png" not in by_forms.fields


def test_case_20_an_upside_down_page_is_read_with_its_form_and_waits_without(among: Among, by_forms: Read) -> None:
    upright = [row["value"] for row in by_forms.fields["good-slip-green.jpg"]]
    assert by_forms.values("down.jpg") == upright != []
    down = (by_forms.output.with_name("in") / "down.jpg").read_bytes()
    unknown = among.read({"down.jpg": down}, code=0, good={})
    assert unknown.reasons("down.jpg") == ["review"]
    assert "accepted" not in {row["status"] for row in unknown.fields["down.jpg"]}


def test_case_21_documents_that_cannot_be_read_are_refused_by_name(read: Read) -> None:
    reasons = {name: read.reasons(name) for name in made.documents()}
    expected = {name: [f"failed: {name.removesuffix('.pdf').replace('-', ' ')}"] for name in reasons}
    assert reasons == expected | {"loop.pdf": ["failed: broken"], "no-pages.pdf": ["failed: broken"]}


def test_case_21_a_script_is_not_run(read: Read) -> None:
    assert read.values("scripted.pdf") == read.values("plain.pdf")
    assert read.values("plain.png")[0] in read.values("scripted.pdf")


@pytest.mark.slow
def test_case_21_a_million_objects_never_hang(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/crowded.pdf").write_bytes(made.crowded(1_000_000))
    ended, costs = measured_job(tmp_path / "in", tmp_path / "out", "--jobs", "1")
    assert ended.returncode == 3, ended.stderr
    assert "too large" in (tmp_path / "out/pages.csv").read_text("utf-8")
    assert costs["crowded.pdf"].processor < SECONDS
    assert costs["crowded.pdf"].megabytes < MEGABYTES
