"""The forms of a job, learned once a process: what is looked for on every page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ocrbatch.errors import FormError
from ocrbatch.form.marks import marker_ids
from ocrbatch.form.printed import as_printed
from ocrbatch.form.template import Form, FormPage
from ocrbatch.geometry import Matrix
from ocrbatch.page.registration.identify import Signature, sign
from ocrbatch.page.registration.prints import Floats, PrintPoints, print_points
from ocrbatch.page.registration.reference import reference_picture
from ocrbatch.page.registration.view import PageView
from ocrbatch.records import Page, read_only

KEPT_SIDE = 1800
LINE_MM = 0.3
LINE_GREY = 90


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A page of a form as it is looked for: in its *working frame*, the reference picture at the working size.

    ``to_form`` (3, 3) leads from the working frame to the form's own pixels; ``boxes`` (fields, 4) are the fields'
    x, y, width and height in the working frame.
    """

    form: Form
    page: FormPage
    size: tuple[int, int]
    to_form: Matrix
    view: PageView
    prints: PrintPoints
    boxes: Floats


class FormIndex:
    """Forms, ready to be looked for: the references of all their pages, and what tells these apart."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self.references = tuple(references)

    @cached_property
    def signature(self) -> Signature:
        """The references' clearest corners, side by side."""
        return sign([reference.view.telling for reference in self.references])


def index_forms(forms: Sequence[Form]) -> FormIndex:
    """Learn forms from their reference pictures. Raises FormError where one cannot be decoded.

    A form without a reference picture is looked for by the lines around its cells. The order of forms is nothing.
    """
    in_order = sorted(forms, key=lambda form: form.name)
    return FormIndex([_learn(form, page) for form in in_order for page in form.pages])


def _learn(form: Form, page: FormPage) -> Reference:
    picture = _drawn(page) if page.reference is None else _picture(form, page)
    view = PageView(_reduced(picture))
    if set(marker_ids(form.name, page.number)) & view.markers.keys():
        # What is printed from the form's own file has room between its cells.
        page = as_printed(page)
    height, width = view.page.pixels.shape
    to_form = np.diag([page.width / width, page.height / height, 1.0]) @ view.to_page
    scale = 1 / to_form[0, 0]
    boxes = np.array([[b.x, b.y, b.width, b.height] for b in (one.box for one in page.fields)], dtype=np.float32)
    return Reference(
        form=form,
        page=page,
        size=(view.work.shape[1], view.work.shape[0]),
        to_form=to_form,
        view=view,
        prints=print_points(view.work, page.fields, scale),
        boxes=boxes.reshape(-1, 4) * np.float32(scale),
    )


def _reduced(page: Page) -> Page:
    """Give a picture no larger than its ruling is looked for in: it is kept as long as the form is."""
    scale = KEPT_SIDE / max(page.pixels.shape)
    if scale >= 1:
        return page
    height, width = (max(round(side * scale), 1) for side in page.pixels.shape)
    pixels = cv2.resize(page.pixels, (width, height), interpolation=cv2.INTER_AREA)
    return Page(page.number, read_only(pixels), None if page.dpi is None else page.dpi * scale)


def _drawn(page: FormPage) -> Page:
    """Draw the outlines of a form's cells, as a blank sheet of it would show them."""
    pixels = np.full((page.height, page.width), 255, np.uint8)
    thickness = max(round(LINE_MM / 25.4 * (page.dpi or 200)), 1)
    for one in page.fields:
        cv2.polylines(pixels, [np.rint(cell).astype(np.int32) for cell in one.cells], True, (LINE_GREY,), thickness)
    return Page(page.number, read_only(pixels), page.dpi)


def _picture(form: Form, page: FormPage) -> Page:
    """Give the reference picture of a form's page."""
    found = reference_picture(page)
    if isinstance(found, str):
        mend = "put the right picture there, or draft the form anew"
        raise FormError(f"form {form.name}, page {page.number}: the reference picture {found}; {mend}")
    return found
