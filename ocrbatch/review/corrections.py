"""A table of corrections into the ledger: every row is checked, and all are taken or none; then the tables anew."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from ocrbatch.errors import FormError, InputError
from ocrbatch.form.template import Field, Form
from ocrbatch.job.corrected import Correction, Verdict, corrected
from ocrbatch.job.ledger import NAME, FileState, Ledger
from ocrbatch.job.lock import locked
from ocrbatch.job.publish import kept_publication, publish
from ocrbatch.job.summary import Summary
from ocrbatch.output.escape import escape_name
from ocrbatch.records import FieldReading, FilePage, Status
from ocrbatch.review.table_rows import CorrectionRow, read_rows
from ocrbatch.review.values import broken_sums, fault_of, verdict_of, zeros_may_be_lost

Told = Callable[[str], None]
"""Hears what is being done."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is not taken, and why."""

    row: CorrectionRow
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a table: how many corrections were ``taken``, how many the ledger had, and what was refused.

    ``summary`` tells how the job stands after it; None where nothing was taken because something was refused.
    """

    taken: int
    known: int
    refused: tuple[Refusal, ...]
    summary: Summary | None


@dataclass(frozen=True, slots=True)
class _Checked:
    """A row with its correction, or with the reason against it; ``known`` where the ledger has it."""

    row: CorrectionRow
    said: Correction | None = None
    reason: str = ""
    known: bool = False


def check_job(output: Path) -> None:
    """Raise InputError where a folder holds no job."""
    if not (output / NAME).is_file():
        raise InputError(f"{output} holds no job; name the folder that was given to ocrbatch run -o")


def apply_corrections(
    output: Path, table: Path, who: str, *, partly: bool = False, told: Told = lambda line: None
) -> Outcome:
    """Take a table's corrections into a job, and write its tables anew; with ``partly``, those that are good.

    ``who`` has said them, where a row does not tell. Raises FormError where the table cannot be read or a form has
    changed, LockedError where a job is running, OutputError where the ledger or a table cannot be written: then either
    all or nothing is in the ledger.
    """
    check_job(output)
    told("Reading the corrections")
    stamp = _stamp(table)
    rows = read_rows(table)
    with locked(output), Ledger(output) as ledger:
        if "manifest" not in ledger.settings():
            raise FormError(f"{output}: its job has not finished yet; run the same ocrbatch run again, then this")
        publication = kept_publication(ledger)
        told("Checking them")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        kept = False
        while not kept:
            # Where somebody says something at the page meanwhile, all is checked against that too.
            checker = _Checker(ledger, publication.forms, escape_name(who), at, escape_name(table.name))
            checked = checker.check(rows)
            refused = tuple(Refusal(one.row, one.reason) for one in checked if one.reason)
            known = sum(one.known for one in checked)
            if refused and not partly:
                return Outcome(0, known, refused, None)
            said = list(dict.fromkeys(one.said for one in checked if one.said and not one.reason and not one.known))
            kept = not said or ledger.correct(said, heard=checker.heard)
        told("Writing the tables")
        # A table that was saved again since it was read holds more than was taken.
        whole = not refused and _stamp(table) == stamp
        summary = publish(output, ledger, publication, taken=table if whole else None)
        return Outcome(len(said), known, refused, summary)


def _stamp(table: Path) -> tuple[int, int] | None:
    """Tell a file's content from another that is saved under its name."""
    try:
        status = table.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


class _Checker:
    """Compares rows with what a job has read, and with what was said of it."""

    def __init__(self, ledger: Ledger, forms: Sequence[Form], who: str, at: str, source: str) -> None:
        self._ledger, self._who, self._at, self._source = ledger, who, at, source
        self._states = ledger.states()
        corrections = ledger.corrections()
        self.heard = len(corrections)
        self._last = {said.place: said for said in corrections}
        self._fields = {(form.name, page.number): page.fields for form in forms for page in form.pages}

    def check(self, rows: Sequence[CorrectionRow]) -> list[_Checked]:
        """Check all rows; those refused come in the order of the table."""
        found: list[_Checked] = []
        # File by file: a job's pages do not fit into memory.
        for file, own in groupby(sorted(rows, key=lambda row: (row.file, row.line)), key=lambda row: row.file):
            found += self._check_file(file, list(own))
        return sorted(_without_contradictions(found), key=lambda one: one.row.line)

    def _check_file(self, file: str, rows: list[CorrectionRow]) -> list[_Checked]:
        state = self._states.get(file)
        if state is None:
            return [_Checked(row, reason="the job has no such file") for row in rows]
        pages = {page.result.page: page for page in self._ledger.pages_of(file)}
        found = []
        for number, own in groupby(sorted(rows, key=lambda row: row.page), key=lambda row: row.page):
            page = pages.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
            if page is None:
                found += [_Checked(row, reason=f"the file has no page {number[:20]!r}") for row in own]
            else:
                found += self._check_page(state, page, list(own))
        return found

    def _check_page(self, state: FileState, page: FilePage, rows: list[CorrectionRow]) -> list[_Checked]:
        readings = {field.name: field for field in page.result.fields}
        fields = self._fields.get((page.result.form, page.result.form_page), ())
        forms = {field.name: field for field in fields}
        checked = [self._check_row(state, page, row, readings.get(row.field), forms.get(row.field)) for row in rows]
        return _with_sums(checked, fields, self._settled(page, checked)) if fields else checked

    def _check_row(
        self, state: FileState, page: FilePage, row: CorrectionRow, field: FieldReading | None, own: Field | None
    ) -> _Checked:
        if row.problem:
            return _Checked(row, reason=f"the cell {row.problem}")
        if row.form and row.form != page.result.form:
            return _Checked(row, reason=f"the page is of the form {escape_name(page.result.form) or 'none'}")
        if field is None:
            return _Checked(row, reason="the page has no such field")
        if row.sha256 and row.sha256 != state.sha256:
            return _Checked(row, reason="the file has another content now; correct the new reading")
        verdict, value = verdict_of(row.corrected)
        said = Correction(
            state.sha256,
            page.result.page,
            page.result.form,
            field.name,
            verdict,
            value,
            row.was if row.was is not None else self._now(page, field).value,
            escape_name(row.who) if row.who else self._who,
            self._at,
            self._source,
        )
        last = self._last.get(said.place)
        if last is not None and (last.verdict, last.value) == (verdict, value):
            return _Checked(row, said, known=True)
        reason = self._conflict(row, page, field, last) or fault_of(verdict, value, field, own)
        if not reason and row.number and zeros_may_be_lost(value, field, own):
            reason = "the cell is a number, which may have lost zeros; format it as text and write it again"
        return _Checked(row, said, reason=reason)

    def _conflict(self, row: CorrectionRow, page: FilePage, field: FieldReading, last: Correction | None) -> str:
        """Say who has changed a field since its row was written."""
        now = self._now(page, field).value
        if row.was is None or row.was == now:
            return ""
        was = escape_name(row.was[:40])
        if row.was.lstrip("0") == now.lstrip("0") != "":
            return f"it was {was} there and is {now}: a spreadsheet has dropped zeros; open the table as text"
        by = f", by {last.who} at {last.at}" if last else ""
        return f"conflict: it was {was or 'blank'} there and is {now or 'blank'} by now{by}"

    def _now(self, page: FilePage, field: FieldReading) -> FieldReading:
        said = self._last.get((page.sha256, page.result.page, page.result.form, field.name))
        return field if said is None else corrected(field, said)

    def _settled(self, page: FilePage, checked: Sequence[_Checked]) -> dict[str, str]:
        """Give the values of a page's fields that wait for nobody, once these rows are taken."""
        now = [self._now(page, field) for field in page.result.fields]
        values = {field.name: field.value for field in now if field.status in (Status.ACCEPTED, Status.BLANK)}
        for one in checked:
            if one.said and not one.reason:
                values.pop(one.said.field, None)
                if one.said.verdict is not Verdict.UNREADABLE:
                    values[one.said.field] = one.said.value
        return values


def _with_sums(checked: list[_Checked], fields: Sequence[Field], settled: dict[str, str]) -> list[_Checked]:
    """Refuse the rows of a page by which a sum would not hold, where all its other fields are settled too."""
    for text, bound in broken_sums(fields, settled):
        checked = [
            _Checked(one.row, one.said, reason=f"breaks {text}, as the other fields stand; correct these too")
            if one.said and not one.reason and not one.known and one.said.field in bound
            else one
            for one in checked
        ]
    return checked


def _without_contradictions(checked: Sequence[_Checked]) -> Iterator[_Checked]:
    """Refuse the rows that say different things of one field, all of them."""
    meant: dict[object, set[tuple[Verdict, str]]] = {}
    for one in checked:
        if one.said and not one.reason:
            meant.setdefault(one.said.place, set()).add((one.said.verdict, one.said.value))
    for one in checked:
        if one.said and not one.reason and len(meant[one.said.place]) > 1:
            yield _Checked(one.row, one.said, reason="the table has two values for it; keep one row")
        else:
            yield one
