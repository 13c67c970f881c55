"""Pages of a job as values, for the tests of what is made of them."""

import numpy as np

from ocrbatch.geometry import Box
from ocrbatch.records import FieldReading, FilePage, PageResult, PageStatus, Status, cell_quads


def a_field(
    name: str = "r01", value: str = "042", status: Status = Status.ACCEPTED, x: int = 100, y: int = 80
) -> FieldReading:
    corners = np.array([[0, 0], [40, 0], [40, 50], [0, 50]], np.float32)
    cells = cell_quads([corners + np.array([x + 40 * i, y], np.float32) for i in range(3)])
    confidence = 0.99876 if value else 1.0
    return FieldReading(
        name=name,
        kind="boxes",
        value=value,
        confidence=confidence,
        status=status,
        reasons=("low confidence in cell 2", "touches edge in cell 1") if status is Status.REVIEW else (),
        raw=value,
        runner_up="043" if value else "",
        digit_confidence=(0.99991, 0.99985, 0.999) if value else (),
        box=Box(x, y, 120, 50),
        cells=cells,
        cell_values=tuple(value) if value else ("", "", ""),
    )


def a_page(
    file: str = "a.png",
    page: int = 1,
    fields: tuple[FieldReading, ...] | None = None,
    crops: tuple[str, ...] = (),
    form: str = "auto",
    form_page: int = 1,
) -> FilePage:
    fields = (a_field(), a_field("r02", "", Status.BLANK, y=160)) if fields is None else fields
    waits = any(field.status is Status.REVIEW for field in fields)
    status = PageStatus.REVIEW if waits else PageStatus.READ
    result = PageResult(page, form, status, "", 0.98765, -0.001, fields, form_page)
    return FilePage(file, "ab" * 32, result, crops)


def an_unregistered_page(file: str = "a.png", page: int = 1, form: str = "", form_page: int = 1) -> FilePage:
    reason = "not registered" if form else "unknown form"
    return FilePage(file, "ab" * 32, PageResult(page, form, PageStatus.REVIEW, reason, 0.2, 0.0, (), form_page))


def a_failed_page(file: str = "b.png") -> FilePage:
    result = PageResult(1, "", PageStatus.FAILED, "truncated: half, of it", 0.0, 0.0, ())
    return FilePage(file, "cd" * 32, result)
