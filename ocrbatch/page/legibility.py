"""Whether a page as a whole can be read: one that lies on its side has digits too, but few, and by chance."""

from collections.abc import Sequence
from dataclasses import replace

from ocrbatch.records import UNREAD, FieldReading, Status

LITTLE_READ = "little of the page is read"
SURE = 0.9
MOST_DOUBTFUL = 0.5
FEWEST = 4
"""So many written cells tell of the page."""


def with_doubt(readings: Sequence[FieldReading]) -> tuple[FieldReading, ...]:
    """Accept nothing of a page without a form, half of whose written cells are no digits or doubtful.

    What waits for a person anyway is told so too: no lower threshold of confidence would accept it. What is turned by a
    quarter has zeros that are sure; nothing else tells that it is turned.
    """
    doubtful = [
        text == UNREAD or sure < SURE
        for reading in readings
        for text, sure in zip(filter(None, reading.cell_values), reading.digit_confidence, strict=True)
    ]
    if len(doubtful) < FEWEST or sum(doubtful) < MOST_DOUBTFUL * len(doubtful):
        return tuple(readings)
    return tuple(
        replace(reading, status=Status.REVIEW, reasons=(*reading.reasons, LITTLE_READ))
        if reading.status in (Status.ACCEPTED, Status.REVIEW)
        else reading
        for reading in readings
    )
