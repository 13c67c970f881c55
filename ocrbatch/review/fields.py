"""The fields of a job as a reviewer asks for them: kept in memory by short names, with the last word on each."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ocrbatch.geometry import Box
from ocrbatch.job.corrected import Correction, corrected
from ocrbatch.job.ledger import Ledger
from ocrbatch.output.escape import escape_name
from ocrbatch.records import CORRECTED, FieldReading, FilePage, Status, cell_quads

Place = tuple[str, int, str, str]
"""The sha256 of the file, the page, the form and the field, as in a correction."""
NO_CELLS = cell_quads([])
_CELLS = re.compile(r" in cells? [\d ]+$")


@dataclass(slots=True)
class ReviewField:
    """A field of a job: as it was ``read`` (without its cells, which only its page keeps), and what was ``said`` last.

    ``key`` is a short name of its place for addresses; ``file`` is the first by name that has this content.
    """

    key: str
    file: str
    place: Place
    read: FieldReading
    said: Correction | None = None

    @property
    def now(self) -> FieldReading:
        """The reading with the last word."""
        return self.read if self.said is None else corrected(self.read, self.said)

    @property
    def waits(self) -> bool:
        """Whether a person has to look: not once one has said that nobody can read it."""
        now = self.now
        return now.status is Status.REVIEW or (now.status is Status.INVALID and CORRECTED not in now.reasons)

    @property
    def state(self) -> str:
        """Names what stands there now: another one means that somebody has said something meanwhile."""
        said = self.said
        told = [self.read.value, said and [said.verdict, said.value, said.who, said.at]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons as tables spell them, without the numbers of cells: what one filters by."""
        return tuple(dict.fromkeys(escape_name(_CELLS.sub("", reason)) for reason in self.now.reasons))

    def told(self) -> dict[str, object]:
        """Give what a page shows of it; texts are spelled as in the tables."""
        now, (_, page, form, _) = self.now, self.place
        return {
            "key": self.key,
            "state": self.state,
            "file": escape_name(self.file),
            "page": page,
            "form": escape_name(form),
            "field": escape_name(now.name),
            "kind": now.kind,
            "value": now.value,
            "runner_up": now.runner_up,
            "confidence": now.confidence,
            "digit_confidence": now.digit_confidence,
            "status": now.status.value,
            "reasons": [escape_name(reason) for reason in now.reasons],
            "box": [now.box.x, now.box.y, now.box.width, now.box.height],
            "said_by": self.said.who if self.said else "",
            "said_at": self.said.at if self.said else "",
        }


class Fields:
    """All fields of a job, each content once, sorted as in the tables; ``heard`` counts all that was said of them."""

    def __init__(self, ledger: Ledger) -> None:
        self._by_key: dict[str, ReviewField] = {}
        self._by_place: dict[Place, ReviewField] = {}
        for field in _all_fields(ledger):
            self._by_key[field.key] = self._by_place[field.place] = field
        corrections = ledger.corrections()
        self.heard = len(corrections)
        self.hear(corrections)

    def __iter__(self) -> Iterator[ReviewField]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: str) -> ReviewField | None:
        """Give a field by its short name."""
        return self._by_key.get(key)

    def at(self, place: Place) -> ReviewField | None:
        """Give the field of a place, where the job still has it."""
        return self._by_place.get(place)

    def hear(self, corrections: Iterable[Correction]) -> list[ReviewField]:
        """Take what was said, in its order; gives the fields on which the last word is another now."""
        last = {correction.place: correction for correction in corrections}
        changed = []
        for place, correction in last.items():
            field = self._by_place.get(place)
            if field is not None and field.said != correction:
                field.said = correction
                changed.append(field)
        return changed


def field_key(place: Place) -> str:
    """Give a place's short name: the same in every session."""
    return hashlib.sha256(json.dumps(place).encode()).hexdigest()[:20]


def _all_fields(ledger: Ledger) -> Iterator[ReviewField]:
    seen: set[str] = set()
    for name, state in sorted(ledger.states().items()):
        if state.sha256 and state.sha256 not in seen:
            seen.add(state.sha256)
            for page in ledger.pages_of(name):
                yield from _fields_of(page)


def _fields_of(page: FilePage) -> Iterator[ReviewField]:
    for read in page.result.fields:
        place = (page.sha256, page.result.page, page.result.form, read.name)
        box = Box(*(int(number) for number in (read.box.x, read.box.y, read.box.width, read.box.height)))
        yield ReviewField(field_key(place), page.file, place, replace(read, cells=NO_CELLS, box=box))
