"""What people have said of readings: kept for ever, each with who and when; the last word on a field counts."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ocrbatch.records import CORRECTED, FieldReading, FilePage, PageStatus, Status

NOT_READABLE = "not readable"
SENT_TO_REVIEW = "sent to review"


class Verdict(StrEnum):
    """What a person says of a field: its value, that it is blank or nobody can read it, that another should look.

    ``UNDONE`` takes back what was said before.
    """

    VALUE = "value"
    BLANK = "blank"
    UNREADABLE = "not readable"
    REVIEW = "review"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing that a person said of a field of a page of a content; ``sha256`` is the file's.

    ``value`` is empty but for a VALUE; ``was`` is the value that stood there then. ``who`` said it, ``at`` (UTC, ISO
    8601), by ``source``: a workbook's name, or ``review``.
    """

    sha256: str
    page: int
    form: str
    field: str
    verdict: Verdict
    value: str
    was: str
    who: str
    at: str
    source: str

    @property
    def place(self) -> tuple[str, int, str, str]:
        """What it is about."""
        return (self.sha256, self.page, self.form, self.field)


_COLUMNS = "sha256, page, form, field, verdict, value, was, who, at, source"


class Corrections:
    """The corrections of a ledger, whose database this is."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._last: dict[tuple[str, int, str, str], Correction] = {}
        self.number = 0
        self.hear()

    def all(self, after: int = 0) -> Iterator[Correction]:
        """Give all that was ever said, in its order, but for the first ``after``: nothing is ever taken out."""
        for sha256, page, form, field, verdict, *rest in self._db.execute(
            f"SELECT {_COLUMNS} FROM corrections WHERE id > ? ORDER BY id", (after,)
        ):
            yield Correction(sha256, page, form, field, Verdict(verdict), *rest)

    def hear(self) -> None:
        """Hear what others have said through the same ledger; ``number`` counts all that is known."""
        more = list(self.all(self.number))
        self._last.update((correction.place, correction) for correction in more)
        self.number += len(more)

    def add(self, corrections: Sequence[Correction]) -> None:
        """Add what was said, within the transaction that is open; from now on it counts."""
        self._last.update((correction.place, correction) for correction in corrections)
        self.number += len(corrections)
        self._db.executemany(
            f"INSERT INTO corrections ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*one.place, one.verdict.value, one.value, one.was, one.who, one.at, one.source) for one in corrections],
        )

    def last(self, sha256: str, page: int, form: str, field: str) -> Correction | None:
        """Give the last word on a field."""
        return self._last.get((sha256, page, form, field))

    def applied(self, page: FilePage) -> FilePage:
        """Give a page with the last word on each of its fields."""
        result = page.result
        if not result.fields or not self._last:
            return page
        found = [self.last(page.sha256, result.page, result.form, field.name) for field in result.fields]
        if not any(found):
            return page
        fields = tuple(
            field if said is None else corrected(field, said) for field, said in zip(result.fields, found, strict=True)
        )
        waiting = any(field.status in (Status.REVIEW, Status.INVALID) for field in fields)
        status = PageStatus.REVIEW if waiting or result.reason else PageStatus.READ
        return replace(page, result=replace(result, fields=fields, status=status))


def corrected(field: FieldReading, said: Correction) -> FieldReading:
    """Give a field as a person says it is: a value from a person is taken for right. ``raw`` and its place stay."""
    if said.verdict is Verdict.UNDONE:
        return field
    if said.verdict is Verdict.REVIEW:
        reasons = tuple(dict.fromkeys((*field.reasons, SENT_TO_REVIEW)))
        return replace(field, status=Status.REVIEW, reasons=reasons)
    if said.verdict is Verdict.UNREADABLE:
        return replace(
            field,
            value="",
            confidence=0.0,
            status=Status.INVALID,
            reasons=(CORRECTED, NOT_READABLE),
            digit_confidence=(),
        )
    return replace(
        field,
        value=said.value,
        confidence=1.0,
        status=Status.ACCEPTED if said.verdict is Verdict.VALUE else Status.BLANK,
        reasons=(CORRECTED,),
        digit_confidence=(1.0,) * sum(not sign.isspace() for sign in said.value),
    )
