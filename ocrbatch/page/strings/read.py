"""From the way through a run of digits to its reading: its digits, without the signs at its ends."""

from ocrbatch.page.calibration import as_chosen, string_confidence
from ocrbatch.page.candidates import value_of
from ocrbatch.page.choose import Choice
from ocrbatch.page.confidence import cell_numbers, judge, unsure_cells
from ocrbatch.page.lattice import Step
from ocrbatch.records import UNREAD, FieldImage, FieldReading, Status

SIGN = "sign beside digits"
NO_DIGITS = "writing without digits"


def read_string(field: FieldImage, choice: Choice, accept: float) -> FieldReading:
    """Give the reading of a run: its digits, without the signs at its ends, which keep it from being accepted.

    What cannot be read between digits stays in the value as ``?``; writing that has no digit at all is one ``?``. The
    cells of the reading are those of its digits. Commas, dots and dashes left out by the way are nothing to look at.
    """
    read = [one for one in zip(choice.way.steps, choice.way.cells, strict=True) if one[0].text]
    own = _without_signs([step for step, _ in read])
    steps = tuple(step for step, _ in read[own])
    written = any(not cell.blank for cell in field.cells)
    notes = [note for _, cell in read[own] for note in field.cells[cell].notes]
    reasons = _reasons(notes, steps, signs=len(steps) < len(read), written=written)
    confidence = as_chosen(string_confidence(field, choice.way), choice)
    if steps and not reasons and confidence < accept:
        reasons = (unsure_cells(steps, accept),)
    value = value_of(field.place.kind, choice.way) or (UNREAD if written else "")
    reading = FieldReading(
        name=field.place.name,
        kind=field.place.kind,
        value=value,
        confidence=(confidence if steps else 0.0) if written else field.place.placed,
        status=Status.ACCEPTED,
        reasons=reasons,
        raw=value,
        runner_up=choice.runner_up.strip(UNREAD),
        digit_confidence=tuple(step.confidence for step in steps),
        box=field.box,
        cells=field.place.cells[[cell for _, cell in read[own]]] if steps else field.place.cells[:1],
        cell_values=tuple(step.text for step in steps) if steps else (value,),
    )
    return judge(reading, field.place.blank)


def _without_signs(steps: list[Step]) -> slice:
    """Give the steps from the first digit to the last; all, where there would be none."""
    digits = [index for index, step in enumerate(steps) if step.text != UNREAD]
    return slice(digits[0], digits[-1] + 1) if digits else slice(0, len(steps))


def _reasons(notes: list[str], steps: tuple[Step, ...], *, signs: bool, written: bool) -> tuple[str, ...]:
    """Say what speaks for a person's look, each once."""
    found = list(notes)
    if written and not steps:
        found.append(NO_DIGITS)
    if signs:
        found.append(SIGN)
    unread = [index for index, step in enumerate(steps) if step.text == UNREAD]
    if unread:
        found.append(f"not a digit in {cell_numbers(unread)}")
    return tuple(dict.fromkeys(found))
