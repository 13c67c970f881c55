"""The forms of the real pages: drafted by ``ocrbatch form draft`` from one page of each, then named and weeded.

Their files lie in ``forms``; the reference pictures are made of the real pages when they are needed.
"""

from dataclasses import replace
from pathlib import Path

import cv2

from ocrbatch.design.draft import draft_form
from ocrbatch.form.store import parse_form
from ocrbatch.form.template import Form
from ocrbatch.page.decode import decode
from ocrbatch.records import Page
from tests.real.truth import HERE, PAGES

FORMS = HERE / "forms"
SOURCES = {
    "cheque-axis": "idrbt_cheques/images/cheque_309063.jpg",
    "cheque-canara": "idrbt_cheques/images/cheque_120611.jpg",
    "cheque-icici": "idrbt_cheques/images/cheque_100830.jpg",
    "cheque-syndicate": "idrbt_cheques/images/cheque_083654.jpg",
    "marksheet": "exam_marksheets/images/marksheet1.png",
    "nist": "nist_hsf/images/{}",
}
CHEQUES = tuple(name for name in SOURCES if name.startswith("cheque"))
LAYOUTS = {"08": "cheque-syndicate", "10": "cheque-icici", "12": "cheque-canara", "30": "cheque-axis"}


def layout(cheque: Path) -> str:
    """Give the form of a cheque: the first digits of its number tell the bank."""
    return LAYOUTS[cheque.stem.removeprefix("cheque_")[:2]]


def first_page(path: Path) -> Page:
    """Decode the first page of a file."""
    page = next(decode(path.read_bytes()))
    assert isinstance(page, Page)
    return page


def source(name: str) -> Path:
    """Give the page that a form's reference is made of."""
    place = SOURCES[name]
    if "{}" not in place:
        return PAGES / place
    return next(iter(sorted((PAGES / place).parent.iterdir())))


def known_form(name: str, folder: Path) -> Form:
    """Give a form with its reference picture, written beside a copy of its file in ``folder``."""
    text = (FORMS / f"{name}.toml").read_bytes()
    (folder / f"{name}.toml").write_bytes(text)
    reference = draft_form(first_page(source(name)), name).reference
    (folder / f"{name}.png").write_bytes(bytes(cv2.imencode(".png", reference.pixels)[1]))
    return replace(parse_form(text, folder / f"{name}.toml"))
