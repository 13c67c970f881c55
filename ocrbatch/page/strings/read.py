"""From the way through a run of digits to its reading: its digits, without the signs at its ends."""

from dataclasses import replace

from ocrbatch.page.choose import Choice
from ocrbatch.page.confidence import all_right, cell_reasons, judge, unsure_cells
from ocrbatch.page.lattice import UNREAD, Step
from ocrbatch.page.strings.pieces import SIGN, TOUCHING
from ocrbatch.records import FieldImage, FieldReading, Status


def read_string(field: FieldImage, choice: Choice, accept: float) -> FieldReading:
    """Give the reading of a run: its digits, without the signs at its ends, which keep it from being accepted.

    What cannot be read between digits stays in the value as ``?``.
    """
    steps = choice.way.steps
    first, last = _without_signs(field, steps)
    own = steps[first:last]
    signs = len(own) < sum(bool(step.text) for step in steps)
    reasons = _reasons(field, steps, (first, last))
    confidence = 0.0 if signs and not own else all_right(own)
    if not reasons and confidence < accept:
        reasons = (unsure_cells(steps, accept),)
    value = "".join(step.text for step in own)
    reading = FieldReading(
        name=field.place.name,
        kind=field.place.kind,
        value=value,
        confidence=confidence,
        status=Status.ACCEPTED,
        reasons=reasons,
        raw=value,
        runner_up=_runner_up(own),
        digit_confidence=tuple(step.confidence for step in own if step.text),
        box=field.box,
        cells=field.place.cells,
        cell_values=tuple(step.text for step in steps),
    )
    return judge(reading, field.place.blank)


def _without_signs(field: FieldImage, steps: tuple[Step, ...]) -> tuple[int, int]:
    """Give the first and the last but one of the steps between the signs; all, where there would be none."""
    sign = [
        SIGN in cell.notes or (step.text == UNREAD and TOUCHING not in cell.notes)
        for cell, step in zip(field.cells, steps, strict=True)
    ]
    digits = [index for index, is_sign in enumerate(sign) if not is_sign]
    return (digits[0], digits[-1] + 1) if digits else (0, len(steps))


def _reasons(field: FieldImage, steps: tuple[Step, ...], between: tuple[int, int]) -> tuple[str, ...]:
    """Say what speaks for a person's look, each once."""
    first, last = between
    found = [note for cell in field.cells for note in cell.notes]
    if (first, last) != (0, len(steps)):
        found.append(SIGN)
    inner = replace(field, cells=tuple(replace(cell, notes=()) for cell in field.cells))
    masked = tuple(step if first <= i < last else Step("", 1.0, "", 0.0) for i, step in enumerate(steps))
    untouched = tuple(
        step if TOUCHING not in cell.notes else Step("", 1.0, "", 0.0)
        for cell, step in zip(field.cells, masked, strict=True)
    )
    return (*dict.fromkeys(found), *cell_reasons(inner, untouched))


def _runner_up(steps: tuple[Step, ...]) -> str:
    """Give the next best value: the least sure digit read as its second best."""
    if not any(step.text for step in steps):
        return ""
    weakest = min(range(len(steps)), key=lambda i: steps[i].confidence)
    return "".join(step.second if i == weakest else step.text for i, step in enumerate(steps))
