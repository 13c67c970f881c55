"""From a path to a field's reading: its text, how sure it is, and why a person should look."""

from dataclasses import replace

from ocrbatch.page.calibration import as_chosen, boxes_confidence
from ocrbatch.page.choose import Choice
from ocrbatch.page.lattice import Step
from ocrbatch.records import UNREAD, FieldImage, FieldReading, Status

MUST_BE_BLANK = "must be blank"
MUST_NOT_BE_BLANK = "must not be blank"


def read_field(field: FieldImage, choice: Choice, accept: float) -> FieldReading:
    """Give the reading of a field of boxes; it is accepted where its confidence reaches ``accept`` (0–1)."""
    steps = choice.way.steps
    reasons = cell_reasons(field, steps)
    value = choice.way.text
    confidence = as_chosen(boxes_confidence(field, choice.way), choice) if value else field.place.placed
    if not reasons and confidence < accept:
        reasons = (unsure_cells(steps, accept),)
    return judge(
        FieldReading(
            name=field.place.name,
            kind=field.place.kind,
            value=value,
            confidence=confidence,
            status=Status.ACCEPTED,
            reasons=reasons if value else (),
            raw=value,
            runner_up=choice.runner_up,
            digit_confidence=tuple(s.confidence for s in steps if s.text),
            box=field.box,
            cells=field.place.cells,
            cell_values=tuple(s.text for s in steps),
        ),
        field.place.blank,
    )


def judge(reading: FieldReading, blank: str) -> FieldReading:
    """Give a reading its status: what has reasons waits for a person, what has no value is blank.

    ``blank`` tells whether the field may be left so: ``allowed``, ``required`` or ``forbidden``.
    """
    written = bool(reading.value)
    if written and blank == "required":
        return replace(reading, status=Status.INVALID, reasons=(MUST_BE_BLANK, *reading.reasons))
    if not written and blank == "forbidden":
        return replace(reading, status=Status.INVALID, reasons=(MUST_NOT_BE_BLANK, *reading.reasons))
    status = Status.BLANK if not written else Status.REVIEW if reading.reasons else Status.ACCEPTED
    return replace(reading, status=status)


def unsure_cells(steps: tuple[Step, ...], accept: float) -> str:
    """Name the cells that are less sure than ``accept``; where only all together are, the weakest."""
    weakest = min(step.confidence for step in steps)
    unsure = [i for i, step in enumerate(steps) if step.confidence < accept or step.confidence == weakest]
    return f"low confidence in {cell_numbers(unsure)}"


def cell_reasons(field: FieldImage, steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Collect in short words what speaks for a person's look."""
    found: dict[str, list[int]] = {}
    for index, (cell, step) in enumerate(zip(field.cells, steps, strict=True)):
        for note in cell.notes:
            found.setdefault(note, []).append(index)
        if step.text == UNREAD and "several digits" not in cell.notes:
            found.setdefault("not a digit", []).append(index)
    return tuple(f"{note} in {cell_numbers(cells)}" for note, cells in found.items())


def cell_numbers(indices: list[int]) -> str:
    """Name cells by their numbers from 1: ``cell 3``, ``cells 1 2 5``."""
    numbers = " ".join(str(i + 1) for i in indices)
    return f"{'cell' if len(indices) == 1 else 'cells'} {numbers}"
