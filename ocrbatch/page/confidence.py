"""From a path to a field's reading: its text, how sure it is, and why a person should look."""

from dataclasses import replace

from ocrbatch.page.lattice import UNREAD, Step
from ocrbatch.records import FieldImage, FieldReading, Status


def read_field(field: FieldImage, steps: tuple[Step, ...], accept: float) -> FieldReading:
    """Give a field's reading; it is accepted where its confidence reaches ``accept`` (0–1)."""
    reasons = _reasons(field, steps)
    confidence = 1.0
    for step in steps:
        confidence *= 0.0 if step.text == UNREAD else step.confidence
    value = _joined(steps)
    if not value:
        status = Status.BLANK
    elif reasons or confidence < accept:
        status = Status.REVIEW
    else:
        status = Status.ACCEPTED
    if status is Status.REVIEW and not reasons:
        # Where only all cells together are too unsure, the weakest is named.
        weakest = min(step.confidence for step in steps)
        unsure = [i for i, step in enumerate(steps) if step.confidence < accept or step.confidence == weakest]
        reasons = (f"low confidence in {_cells(unsure)}",)
    return FieldReading(
        name=field.place.name,
        kind=field.place.kind,
        value=value,
        confidence=confidence,
        status=status,
        reasons=reasons,
        raw=value,
        runner_up=_runner_up(steps),
        digit_confidence=tuple(s.confidence for s in steps if s.text),
        box=field.box,
        cells=field.place.cells,
        cell_values=tuple(s.text for s in steps),
    )


def _joined(steps: tuple[Step, ...]) -> str:
    """Write the cells' texts, a space for a blank cell between written ones."""
    return "".join(step.text or " " for step in steps).strip()


def _runner_up(steps: tuple[Step, ...]) -> str:
    """Give the next best value: the least sure cell read as its second best."""
    written = [i for i, step in enumerate(steps) if step.text]
    if not written:
        return ""
    weakest = min(written, key=lambda i: steps[i].confidence)
    changed = replace(steps[weakest], text=steps[weakest].second)
    return _joined((*steps[:weakest], changed, *steps[weakest + 1 :]))


def _reasons(field: FieldImage, steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Collect in short words what speaks for a person's look."""
    found: dict[str, list[int]] = {}
    for index, (cell, step) in enumerate(zip(field.cells, steps, strict=True)):
        for note in cell.notes:
            found.setdefault(note, []).append(index)
        if step.text == UNREAD and "several digits" not in cell.notes:
            found.setdefault("not a digit", []).append(index)
    return tuple(f"{note} in {_cells(cells)}" for note, cells in found.items())


def _cells(indices: list[int]) -> str:
    """Name cells by their numbers from 1: ``cell 3``, ``cells 1 2 5``."""
    numbers = " ".join(str(i + 1) for i in indices)
    return f"{'cell' if len(indices) == 1 else 'cells'} {numbers}"
