"""What people say of fields, one after the other: checked against what others said, kept, and then answered.

What is in memory is touched by the event loop's thread alone, and the ledger by a thread of its own: while the disk
takes what was said, others are shown their fields.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from ocrbatch.errors import OutputError
from ocrbatch.form.template import Form, Kind
from ocrbatch.job.corrected import Correction, Verdict
from ocrbatch.job.ledger import NAME, Ledger, Run
from ocrbatch.output.escape import escape_name
from ocrbatch.page.strokes import CROSSED, STRUCK_OUT, TICKED
from ocrbatch.records import Status
from ocrbatch.review.fields import Fields, ReviewField
from ocrbatch.review.queue import Queue
from ocrbatch.review.values import broken_sums, fault_of

REVIEW, SAMPLE, SHEET = "review", "sample", "digit sheet"
UNDO = 200
"""So many steps of a client can be taken back."""
LONGEST = 200
MARKS = (TICKED, CROSSED, STRUCK_OUT)
LOOK, REBUILD = 5.0, 10.0
"""Seconds between two looks for what a run has read since; reading all fields anew takes a tenth of the time."""
_VALUE = re.compile(r"[0-9]+(?: +[0-9]+)*")
Answer = TypeVar("Answer")


class ConflictError(Exception):
    """Somebody else has said something of the field meanwhile; it is as it is now."""

    def __init__(self, field: ReviewField) -> None:
        super().__init__(f"{field.place[3]} was settled meanwhile")
        self.field = field


class RefusedError(Exception):
    """What was said cannot be; the text tells why."""


class UnlikelyError(Exception):
    """The form does not let a field be what was said; the text tells why. A person may still be sure."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said at a page: of the field ``key``, seen in ``state``; ``client`` is the page's window.

    With ``sure``, what the form does not allow is meant so.
    """

    client: str
    who: str
    key: str
    state: str
    verdict: Verdict
    value: str = ""
    sure: bool = False
    source: str = REVIEW


@dataclass(frozen=True, slots=True)
class _Step:
    """What a client did last: ``before`` was said until then; a skip has changed nothing."""

    key: str
    after: str
    before: Correction | None = None
    skipped: bool = False


class Desk:
    """The fields of a job, its queue and its ledger."""

    def __init__(self, output: Path, saved: Callable[[], None] = lambda: None, forms: Sequence[Form] = ()) -> None:
        self._output, self._saved = output, saved
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._saving = asyncio.Lock()
        self._steps: dict[str, list[_Step]] = {}
        self._forms = {
            (form.name, field.name): page.fields for form in forms for page in form.pages for field in page.fields
        }
        self._ledger, self.fields, self._read = self._thread.submit(self._open).result()
        self.queue = Queue(self.fields)
        self._heard = self.fields.heard
        self.settled = 0
        self._stamp = self._now_stamp()
        self._rebuilt = self._looked = 0.0

    def close(self) -> None:
        """Let go of the ledger, once what was said is kept."""
        self._thread.submit(self._ledger.__exit__).result()
        self._thread.shutdown()

    async def with_ledger(self, ask: Callable[[Ledger], Answer]) -> Answer:
        """Give what the ledger answers."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask, self._ledger)

    async def save(self, said: Said) -> ReviewField:
        """Keep what was said; it is in the ledger when this ends.

        Raises RefusedError, UnlikelyError, and ConflictError where the field is not as the person has seen it,
        unless both say the same.
        """
        async with self._saving:
            kept = False
            while not kept:
                await self.look_for_corrections()
                field = self._field(said.key)
                value = self._checked(said, field)
                if said.state != field.state:
                    if field.said and (field.said.verdict, field.said.value) == (said.verdict, value):
                        return field
                    raise ConflictError(field)
                if not said.sure and (fault := self._fault(said.verdict, value, field)):
                    raise UnlikelyError(fault)
                before = field.said
                kept = await self._keep(_correction(field, said.verdict, value, said.who, said.source))
            if said.source == REVIEW:
                self._note(said.client, _Step(field.key, field.state, before))
                self.settled += 1
        return field

    async def undo(self, client: str, who: str) -> ReviewField | None:
        """Take back what a client did last, and give the field; None where nothing is left to take back.

        Raises ConflictError where somebody else has settled the field since.
        """
        async with self._saving:
            steps = self._steps.get(client, [])
            if not steps:
                return None
            step = steps.pop()
            kept = step.skipped
            try:
                while not kept:
                    await self.look_for_corrections()
                    kept = await self._take_back(step, who)
            except OutputError:
                # It is still there to be taken back once the disk takes it.
                steps.append(step)
                raise
            self.settled -= not step.skipped
            return self._field(step.key)

    def skip(self, client: str, key: str) -> None:
        """Let a client see a field last."""
        field = self._field(key)
        self.queue.skip(client, key)
        self._note(client, _Step(key, field.state, skipped=True))

    async def look_for_corrections(self) -> None:
        """Hear what others have said through the same ledger: a workbook that was taken back, another server."""
        heard = self._heard
        more = await self.with_ledger(lambda ledger: ledger.corrections(heard))
        self._heard += len(more)
        self._hear(more)

    async def look(self) -> None:
        """Hear what others have said, and of what a run has read since."""
        async with self._saving:
            now = time.monotonic()
            if self._now_stamp() == self._stamp and now - self._looked < 10 * LOOK:
                return
            self._looked, self._stamp = now, self._now_stamp()
            await self.look_for_corrections()
            if now > self._rebuilt and (read := await self.with_ledger(_standing)) != self._read:
                self.fields = await self.with_ledger(Fields)
                self._heard, self.queue = self.fields.heard, self.queue.of(self.fields)
                self._read = read
                self._rebuilt = time.monotonic() + REBUILD * (time.monotonic() - now)

    def _open(self) -> tuple[Ledger, Fields, object]:
        ledger = Ledger(self._output)
        return ledger, Fields(ledger), _standing(ledger)

    def _field(self, key: str) -> ReviewField:
        field = self.fields.get(key)
        if field is None:
            raise RefusedError("the job has no such field any more; reload the page")
        return field

    def _checked(self, said: Said, field: ReviewField) -> str:
        if said.verdict is not Verdict.VALUE:
            return ""
        value = said.value.strip()
        if field.read.kind == Kind.MARK:
            if value not in MARKS:
                raise RefusedError(f"a mark is {', '.join(MARKS)}, or blank")
        elif len(value) > LONGEST or not _VALUE.fullmatch(value):
            raise RefusedError("a value is digits, with blanks between them where cells are empty")
        return value

    def _fault(self, verdict: Verdict, value: str, field: ReviewField) -> str:
        """Say why a field cannot be what a person says, by its form; empty where it can."""
        page = self._forms.get(field.place[2:], ())
        own = next((one for one in page if one.name == field.place[3]), None)
        if fault := fault_of(verdict, value, field.read, own):
            return fault
        if verdict not in (Verdict.VALUE, Verdict.BLANK):
            return ""
        others = [self.fields.at((*field.place[:3], one.name)) for one in page]
        now = [other.now for other in others if other is not None]
        settled = {one.name: one.value for one in now if one.status in (Status.ACCEPTED, Status.BLANK)}
        broken = broken_sums(page, {**settled, field.place[3]: value})
        return "; ".join(
            f"breaks {text}, as the other fields stand" for text, bound in broken if field.place[3] in bound
        )

    async def _take_back(self, step: _Step, who: str) -> bool:
        """Say again of a field what was said before a step; tells whether it was kept."""
        field = self._field(step.key)
        if field.state != step.after:
            raise ConflictError(field)
        correction = _correction(field, Verdict.UNDONE, "", who, REVIEW)
        if step.before is not None:
            said = step.before
            correction = replace(correction, verdict=said.verdict, value=said.value, source=said.source)
        return await self._keep(correction)

    async def _keep(self, correction: Correction) -> bool:
        """Keep what was said, unless another process has said something since we heard: that may be of this field."""
        heard = self._heard
        if not await self.with_ledger(lambda ledger: ledger.correct([correction], heard=heard)):
            return False
        self._heard += 1
        self._stamp = self._now_stamp()
        self._hear([correction])
        self._saved()
        return True

    def _hear(self, corrections: Sequence[Correction]) -> None:
        places = {correction.place for correction in corrections}
        waited = {field.key: field.waits for place in places if (field := self.fields.at(place))}
        for field in self.fields.hear(corrections):
            self.queue.changed(field, waited[field.key])

    def _note(self, client: str, step: _Step) -> None:
        steps = self._steps.setdefault(client, [])
        steps.append(step)
        del steps[:-UNDO]

    def _now_stamp(self) -> tuple[int, int]:
        status = (self._output / NAME).stat()
        return status.st_mtime_ns, status.st_size


def _correction(field: ReviewField, verdict: Verdict, value: str, who: str, source: str) -> Correction:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Correction(*field.place, verdict, value, field.now.value, escape_name(who), at, source)


def _standing(ledger: Ledger) -> tuple[Run | None, int]:
    """Give what tells that a run has read something."""
    return ledger.last_run(), ledger.files()
