from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ocrbatch import __version__
from ocrbatch.errors import FormError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.thresholds import (
    Threshold,
    acceptance,
    form_sums,
    load_acceptance,
    parse_thresholds,
    read_thresholds,
    string_forms,
    thresholds_toml,
)
from ocrbatch.records import ModelFile
from tests.form.values import a_form

WHERE = Path("thresholds.toml")
SHA = "0123456789abcdef" * 4
CHEQUE = Threshold("cheque", 0.98765, 0.005, 0.95, 1000, 900, 1, 0.00499, "0.1.0", SHA, "ab" * 32)
TABLE = thresholds_toml([CHEQUE])
MODEL, STRINGS = ModelFile(b"", "tflite", "digits", SHA, 1.25), ModelFile(b"", "tflite", "strings", "5" * 64, 0.75)
PROVED = replace(CHEQUE, model_temperature=1.25, string_model_sha256="5" * 64, string_model_temperature=0.75)

SHARES = some.floats(0, 1)
BETWEEN = some.floats(0, 1, exclude_min=True, exclude_max=True)
NAMES = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
TEMPERATURES = some.floats(0, exclude_min=True, allow_infinity=False)
SUMS = some.sampled_from(["", SHA, "ab" * 32])
COUNTS = some.lists(some.integers(0, 10**9), min_size=3, max_size=3).map(sorted)


@some.composite
def thresholds(draw: some.DrawFn) -> Threshold:
    wrong, accepted, fields = draw(COUNTS)
    return Threshold(
        draw(NAMES), draw(SHARES), draw(BETWEEN), draw(BETWEEN), fields, accepted, wrong, draw(SHARES), draw(NAMES),
        draw(SUMS), draw(SUMS), draw(TEMPERATURES), draw(SUMS), draw(TEMPERATURES),
    )  # fmt: skip


def accept(*given: Threshold, other: float = 0.995, strict: float | None = None, **changed: object) -> Acceptance:
    made = {
        "version": "0.1.0",
        "model": replace(MODEL, temperature=1.0),
        "forms": {"cheque": "ab" * 32, "slip": "cd" * 32},
        **changed,
    }
    return acceptance(given, WHERE, accept=other, strict=strict, **made)  # type: ignore[arg-type]


@given(some.lists(thresholds(), min_size=1, max_size=4, unique_by=lambda one: one.form))
def test_what_is_written_reads_back_equal(given: list[Threshold]) -> None:
    text = thresholds_toml(given)
    assert parse_thresholds(text.encode(), WHERE) == tuple(sorted(given, key=lambda one: one.form))


def test_the_file_is_a_table_a_form() -> None:
    assert "\n[cheque]\nthreshold = 0.98765\ntarget_error = 0.005\n" in TABLE
    assert '\n["a b"]\n' in thresholds_toml([replace(CHEQUE, form="a b")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"thresholds.toml: has no thresholds; write the file anew with ocrbatch calibrate"),
        ("[cheque", r"thresholds.toml: is no TOML"),
        ("cheque = 0.9\n", r"line 1: key \"cheque\": is 0.9; each form has a table"),
        (TABLE.replace("0.98765", "1.5"), r"line 4: key \"cheque\", key \"threshold\": is 1.5"),
        (TABLE.replace("0.98765", "nan"), r"threshold\": is nan"),
        (TABLE.replace("0.98765", '"high"'), r'is "high"'),
        (TABLE.replace("threshold =", "treshold ="), r"treshold\": is 0.98765"),
        (TABLE.replace("threshold =", "treshold ="), r"threshold\": is missing"),
        (TABLE.replace("accepted = 900", "accepted = 1001"), r"is 1001 of 1000, 1 wrong"),
        (TABLE.replace(SHA, "beef"), r"model_sha256\": is \"beef\""),
        ("a" + ".a" * 30_000 + " = 1", r"thresholds.toml"),
        ("x = " + "[" * 30_000, r"thresholds.toml"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_line_and_the_mend(text: str, message: str) -> None:
    with pytest.raises(FormError, match=message):
        parse_thresholds(text.encode(), WHERE)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="cannot be read"):
        read_thresholds(tmp_path / "none.toml")
    with pytest.raises(FormError, match="cannot be read"):
        read_thresholds(tmp_path)
    (tmp_path / "large.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(FormError, match="more than 1 MB"):
        read_thresholds(tmp_path / "large.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe4")
    with pytest.raises(FormError, match="not UTF-8"):
        read_thresholds(tmp_path / "latin.toml")


def test_a_form_is_accepted_by_its_threshold_and_others_as_asked() -> None:
    found = accept(CHEQUE, replace(CHEQUE, form="other", model_sha256="ef" * 32))
    assert (found.of("cheque"), found.of("slip")) == (0.98765, 0.995)
    assert found.by_form == (("cheque", 0.98765),)


@pytest.mark.parametrize(
    ("strict", "other", "wanted"),
    [
        (None, 0.999, 0.98765),
        (0.005, 0.995, 0.98765),
        (0.01, 0.99, 0.98765),
        (0.001, 0.999, 0.999),
        (0.004, 0.9, 0.98765),
    ],
)
def test_only_a_target_stricter_than_the_proved_one_raises_a_threshold(
    strict: float | None, other: float, wanted: float
) -> None:
    assert accept(CHEQUE, strict=strict, other=other).of("cheque") == wanted


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"model": replace(MODEL, sha256="cd" * 32, temperature=1.0)},
            r'"cheque" was proved with another model \(sha256 0123456789ab…\) and proves',
        ),
        ({"forms": {"cheque": "cd" * 32}}, r"with another version of the form and proves"),
        ({"version": "0.2.0"}, r"with another version of ocrbatch \(0.1.0\) and proves .* run ocrbatch calibrate"),
        ({"forms": {"slip": "cd" * 32}}, r'has thresholds for "cheque", none for "slip"'),
    ],
)
def test_a_threshold_proved_of_something_else_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(FormError, match=message):
        accept(CHEQUE, **changed)


@pytest.mark.parametrize(
    ("model", "strings", "message"),
    [
        (replace(MODEL, temperature=1.5), STRINGS, r"with another temperature of the model \(1.25\) and proves"),
        (
            MODEL,
            replace(STRINGS, sha256="6" * 64),
            r"with another model of strings \(sha256 555555555555…\) and proves",
        ),
        (MODEL, None, r"with another model of strings \(sha256 555555555555…\) and proves"),
        (MODEL, replace(STRINGS, temperature=1.0), r"with another temperature of the model of strings \(0.75\) and p"),
    ],
)
def test_a_threshold_proved_with_other_models_is_refused(
    model: ModelFile, strings: ModelFile | None, message: str
) -> None:
    assert accept(PROVED, model=MODEL, strings=STRINGS, with_strings=["cheque"]).of("cheque") == 0.98765
    with pytest.raises(FormError, match=message):
        accept(PROVED, model=model, strings=strings, with_strings=["cheque"])


def test_the_model_of_strings_counts_only_for_forms_that_it_reads() -> None:
    boxes = replace(CHEQUE, model_temperature=1.25)
    assert accept(boxes, model=MODEL, strings=STRINGS, with_strings=["slip"]).of("cheque") == 0.98765
    with pytest.raises(FormError, match=r"with another model of strings \(none\) and proves"):
        accept(boxes, model=MODEL, strings=STRINGS, with_strings=["cheque"])


def test_thresholds_of_a_form_are_compared_with_all_that_reads_it(tmp_path: Path) -> None:
    path, form = tmp_path / "thresholds.toml", a_form("cheque", sha256="ab" * 32)
    path.write_text(thresholds_toml([replace(PROVED, ocrbatch=__version__)]))
    assert load_acceptance(path, MODEL, [form], None, 0.995, strings=STRINGS).of("cheque") == 0.98765
    with pytest.raises(FormError, match="another model of strings"):
        load_acceptance(path, MODEL, [form], None, 0.995, strings=replace(STRINGS, sha256="6" * 64))


def test_pictures_that_are_one_run_of_digits_are_read_by_the_model_of_strings() -> None:
    assert string_forms((), "string") == ("whole",)
    assert string_forms((), "digit") == string_forms((), None) == ()
    assert string_forms([a_form("slip"), a_form("claim")], None) == ("claim", "slip")


def test_fields_without_a_form_have_a_name_too() -> None:
    assert form_sums({"cheque": SHA}, None) == {"cheque": SHA}
    assert form_sums({}, None) == {"auto": ""}
    digit, amount = (form_sums({}, kind)["whole"] for kind in ("digit", "string"))
    assert digit != amount
