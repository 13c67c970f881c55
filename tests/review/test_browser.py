from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ocrbatch.job.ledger import Ledger
from ocrbatch.records import Status
from tests.review.jobs import Written, a_job, many_fields, rows
from tests.review.servers import browsed, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with browsed() as browser:
        yield browser


def opened(browser: "Browser", link: str, **settings: object) -> "Page":
    page = browser.new_context(**settings).new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if "Content Security" in told.text else None)
    page.faults = faults  # type: ignore[attr-defined]
    page.goto(link)
    return page


def shown(page: "Page", before: str = "") -> str:
    """Wait until another field is on the screen; gives its key."""
    page.wait_for_function("before => (document.querySelector('main').dataset.key ?? before) !== before", arg=before)
    return str(page.evaluate("document.querySelector('main').dataset.key"))


def test_twenty_fields_are_corrected_with_one_key_more_each_than_their_digits(
    tmp_path: Path, browser: "Browser"
) -> None:
    fields = many_fields(22, wrong=20)
    out = a_job(tmp_path, [fields[:11], fields[11:]])
    with served("review", out) as server:
        page = opened(browser, server.link)
        keys = digits = 0
        key = shown(page)
        for field in fields[:20]:
            assert page.locator("#first span").inner_text() == field.read
            for digit in field.value:
                page.keyboard.press(digit)
            page.keyboard.press("Enter")
            keys, digits = keys + len(field.value) + 1, digits + len(field.value)
            key = shown(page, key)
        assert keys <= digits + 20
        page.wait_for_function("() => document.getElementById('progress').textContent.startsWith('2 left, 20 settled')")
        page.reload()
        shown(page)
        assert page.locator("#progress").inner_text().startswith("2 left, 20 settled")
        assert page.faults == []  # type: ignore[attr-defined]
        assert server.end() == 0
    found = list(rows(out))
    assert [row["value"] for row in found] == [field.value for field in fields]
    assert [row["reasons"] for row in found[:20]] == ["corrected"] * 20
    assert {row["status"] for row in found[20:]} == {"review"}


def test_the_last_answer_of_all_is_undone_by_key(tmp_path: Path, browser: "Browser") -> None:
    out = a_job(tmp_path, [many_fields(1)])
    with served("review", out) as server:
        page = opened(browser, server.link)
        key = shown(page)
        page.keyboard.press("b")
        page.wait_for_selector("#done:not([hidden])")
        page.keyboard.press("u")
        assert shown(page) == key
        assert page.locator("#progress").inner_text().startswith("1 left, 0 settled")
        assert page.faults == []  # type: ignore[attr-defined]


def test_two_reviewers_on_one_field_see_the_conflict_and_choose(tmp_path: Path, browser: "Browser") -> None:
    out = a_job(tmp_path, [many_fields(12, wrong=1)])
    with served("review", out) as server:
        ada, bob = opened(browser, server.link), opened(browser, server.link)
        ada.fill("#who", "ada")
        ada.keyboard.press("Enter")
        bob.fill("#who", "bob")
        bob.keyboard.press("Enter")
        assert shown(ada) != shown(bob), "different fields for different people"
        first = shown(ada)
        # Bob comes to Ada's field by a way of his own.
        bob.evaluate(
            """async (key) => {
              const {post} = await import('/static/common.js');
              const save = (value, state) => post('/api/save', {key, verdict: 'value', value, state});
              const {state} = await save('1', '').catch((error) => error.body.field);
              await save('5555', state);
            }""",
            first,
        )
        ada.keyboard.type("1234")
        ada.keyboard.press("Enter")
        ada.wait_for_selector("#notice:not([hidden])")
        assert "bob has settled this field meanwhile: 5555" in ada.locator("#notice").inner_text()
        assert "5555" in ada.locator("#told").inner_text()
        assert ada.input_value("#value") == "1234"
        assert said(out) == ["5555"]
        ada.keyboard.press("Enter")
        shown(ada, first)
        ada.wait_for_function("() => document.getElementById('progress').textContent.includes('2 settled')")
    assert said(out) == ["5555", "1234"]


def said(out: Path) -> list[str]:
    with Ledger(out, writable=False) as ledger:
        return [one.value for one in ledger.corrections()]


def test_a_server_killed_between_two_saves_loses_nothing(tmp_path: Path, browser: "Browser") -> None:
    fields = many_fields(6)
    out = a_job(tmp_path, [fields])
    with served("review", out) as server:
        page = opened(browser, server.link)
        key = shown(page)
        page.keyboard.type("1111")
        page.keyboard.press("Enter")
        key = shown(page, key)
        page.wait_for_function("() => document.getElementById('progress').textContent.includes('1 settled')")
        server.process.kill()
        server.process.wait()
        page.keyboard.type("2222")
        page.keyboard.press("Enter")
        page.wait_for_selector("#alert:not([hidden])")
        assert "Not saved yet: 1" in page.locator("#alert").inner_text()
        assert said(out) == ["1111"]
        port = server.link.rsplit(":", 1)[1].strip("/")
    with served("review", out, "--port", port):
        page.wait_for_selector("#alert", state="hidden")
        assert said(out) == ["1111", "2222"]
        page.keyboard.type("3333")
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.getElementById('progress').textContent.includes('2 settled')")
    assert said(out) == ["1111", "2222", "3333"]


def test_the_keys_pick_candidates_and_the_other_answers_and_undo(tmp_path: Path, browser: "Browser") -> None:
    fields = many_fields(6, wrong=2)
    out = a_job(tmp_path, [fields])
    with served("review", out) as server:
        page = opened(browser, server.link)
        key = shown(page)
        for pressed in "sabnk":
            page.keyboard.press(pressed)
            key = shown(page, key)
        page.wait_for_function("() => document.getElementById('progress').textContent.includes('4 settled')")
        page.keyboard.press("Enter")
        assert shown(page) == key, "an Enter too many settles nothing"
        page.keyboard.press("u")
        key = shown(page, key)
        assert page.locator("#name").inner_text() == "r05 of auto"
        page.keyboard.press("u")
        shown(page, key)
        assert page.locator("#name").inner_text() == "r04 of auto"
        page.wait_for_function("() => document.getElementById('progress').textContent.includes('3 settled')")
    with Ledger(out, writable=False) as ledger:
        told = [(one.verdict.value, one.value) for one in ledger.corrections()]
    assert told == [
        ("value", fields[0].value),
        ("value", fields[1].read),
        ("blank", ""),
        ("not readable", ""),
        ("undone", ""),
    ]


def test_a_mark_is_told_by_a_key(tmp_path: Path, browser: "Browser") -> None:
    out = a_job(tmp_path, [[Written("7", "ticked", kind="mark"), *many_fields(1, seed=3)]])
    with served("review", out) as server:
        page = opened(browser, server.link)
        key = shown(page)
        while page.locator("#name").inner_text() != "r01 of auto":
            page.keyboard.press("k")
            key = shown(page, key)
        page.keyboard.press("o")
        shown(page, key)
        page.wait_for_function("() => document.getElementById('progress').textContent.includes('1 settled')")
        assert page.locator("#marks").is_hidden()
    assert said(out) == ["struck out"]


def test_a_value_that_its_field_does_not_take_is_asked_once_more(tmp_path: Path, browser: "Browser") -> None:
    out = a_job(tmp_path, [many_fields(3)])
    with served("review", out) as server:
        page = opened(browser, server.link)
        first = shown(page)
        page.keyboard.type("1" * 120)
        page.keyboard.press("Enter")
        page.wait_for_selector("#notice:not([hidden])")
        assert "120 signs" in page.locator("#notice").inner_text()
        assert shown(page) == first
        assert said(out) == []
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.getElementById('progress').textContent.includes('1 settled')")
    assert said(out) == ["1" * 120]


def test_the_digit_sheet_works_by_keyboard_and_by_a_click(tmp_path: Path, browser: "Browser") -> None:
    fields = [Written("7", "", 0.99 + number / 1000, Status.ACCEPTED) for number in range(5)]
    out = a_job(tmp_path, [[*fields, Written("8", "", 0.99, Status.ACCEPTED)]])
    with served("review", out) as server:
        page = opened(browser, f"{server.address}/digits")
        ready(page, "7 0")
        assert page.locator("#cells img").count() == 5
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.wait_for_selector("#cells button:nth-child(2)[aria-pressed=true]")
        page.click("#cells button:nth-child(4)")
        page.wait_for_selector("#cells button:nth-child(4)[aria-pressed=true]")
        page.keyboard.press("Enter")
        page.wait_for_selector("#cells button:nth-child(4)[aria-pressed=false]")
        page.keyboard.press("8")
        ready(page, "8 0")
        assert page.locator("#cells img").count() == 1
        assert page.faults == []  # type: ignore[attr-defined]
        assert server.end() == 0
    assert [row["field"] for row in rows(out) if row["status"] == "review"] == ["r02"]


def ready(page: "Page", what: str) -> None:
    page.wait_for_function("what => document.querySelector('main').dataset.ready === what", arg=what)


def test_the_blind_sample_works_by_keyboard_and_tells_the_error(tmp_path: Path, browser: "Browser") -> None:
    fields = [Written("1234", "", 0.999, Status.ACCEPTED) for _ in range(4)]
    out = a_job(tmp_path, [fields])
    with served("review", out, "--sample", "3") as server:
        page = opened(browser, f"{server.address}/sample")
        key = ""
        for value in ("1234", "1239", "1234"):
            key = shown(page, key)
            assert "1234" not in page.inner_text("body")
            page.keyboard.type(value)
            page.keyboard.press("Enter")
        page.wait_for_selector("#done:not([hidden])")
        assert "Of 3 accepted fields" in page.locator("#estimate").inner_text()
        assert "33.3% wrong, at most 86.5% with 95% confidence" in page.locator("#estimate").inner_text()


def test_names_with_markup_are_shown_as_they_are(tmp_path: Path, browser: "Browser") -> None:
    name = "<img src=x onerror=document.title=1>.png"
    out = a_job(tmp_path, [[Written("12", name="<b>r</b>", reasons=("<i>why</i>",))]], names=[name])
    with served("review", out) as server:
        page = opened(browser, server.link)
        shown(page)
        assert page.locator("#name").inner_text() == "<b>r</b> of auto"
        assert name in page.locator("#where").inner_text()
        assert page.locator("#reasons").inner_text() == "<i>why</i>"
        assert page.locator("main b i, main img[src=x]").count() == 0
        assert page.title() == "Review: ocrbatch"
        assert page.faults == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/", "/digits", "/sample"])
def test_a_narrow_screen_needs_no_scrolling_aside_and_all_controls_have_names(
    tmp_path: Path, browser: "Browser", path: str
) -> None:
    fields = [*many_fields(3), Written("77", "", 0.99, Status.ACCEPTED)]
    out = a_job(tmp_path, [fields])
    with served("review", out) as server:
        page = opened(browser, server.address + path, viewport={"width": 360, "height": 640})
        page.wait_for_function(
            "() => { const {key, ready} = document.querySelector('main').dataset; return key || ready; }"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        nameless = page.evaluate(
            """[...document.querySelectorAll('button, input, select, img, a')].filter((one) => one.checkVisibility()
              && !(one.textContent.trim() || one.labels?.length || one.alt || one.querySelector('img[alt]')))
              .map((one) => one.outerHTML)"""
        )
        assert nameless == []
        assert page.locator("[role=status][aria-live=polite]").inner_text()


def test_a_scan_that_is_dropped_shows_its_reading_over_its_picture(browser: "Browser") -> None:
    with served("serve") as server:
        page = opened(browser, server.link)
        page.set_input_files("#file", [SAMPLES / "slip-green.jpg", SAMPLES / "README.md"])
        page.wait_for_selector("#results[data-done='2']")
        assert page.locator(".drawn polygon").count() == 14
        assert page.locator("td:nth-child(2)").all_inner_texts() == ["17092016", "8921"]
        assert "README.md, page 1: failed: not an image" in page.inner_text("#results")
        assert page.locator(".drawn img").evaluate("image => image.naturalWidth") > 500
        assert page.faults == []  # type: ignore[attr-defined]
