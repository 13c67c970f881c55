"""Fields of the truth beside what was read of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocrbatch.output.results import ResultRow
from ocrbatch.quality.acceptable import can_be_accepted
from ocrbatch.quality.edits import Edit, edits, signs
from ocrbatch.quality.truth import TrueValue
from ocrbatch.records import CORRECTED, Status


@dataclass(frozen=True, slots=True)
class Compared:
    """A field of the truth beside what was read; ``status`` is empty where nothing was.

    ``exact`` tells whether the whole field is right: one that was not found is wrong even where it is blank.
    ``accepted`` fields are those that nobody need look at; ``acceptable`` ones a lower threshold would accept.
    ``confidence`` is 0–1; ``digits`` are the truth's and ``edits`` what is wrong with them; ``crop`` is the field's
    picture below the output folder, or empty.
    """

    file: str
    page: int
    form: str
    field: str
    true: str
    read: str
    status: str
    exact: bool = False
    accepted: bool = False
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()
    acceptable: bool = False
    digits: int = 0
    edits: tuple[Edit, ...] = ()
    crop: str = ""

    @property
    def corrected(self) -> bool:
        """Whether a person gave the value: it tells nothing of the reader."""
        return CORRECTED in self.reasons


def compare(rows: Sequence[ResultRow], truths: Sequence[TrueValue]) -> list[Compared]:
    """Set each truth beside its row, in the order of the truths.

    An empty cell of a row a page says nothing of a field that the page has not.
    """
    read = {(row.file, row.page, row.field): row for row in rows}
    forms = {(row.file, row.page): row.form for row in rows}
    compared = []
    for truth in truths:
        row = read.get((truth.file, truth.page, truth.field))
        if row is not None:
            compared.append(_beside(truth, row))
        elif truth.certain:
            form = forms.get((truth.file, truth.page), "")
            compared.append(_missing(truth, form))
    return compared


def _beside(truth: TrueValue, row: ResultRow) -> Compared:
    value, expected = row.value.strip(), signs(truth.value)
    return Compared(
        file=truth.file,
        page=truth.page,
        form=row.form,
        field=truth.field,
        true=truth.value,
        read=value,
        status=row.status,
        exact=value == truth.value,
        accepted=row.status == Status.ACCEPTED,
        confidence=row.confidence,
        reasons=row.reasons,
        acceptable=can_be_accepted(row),
        digits=len(expected),
        edits=() if value == truth.value else edits(expected, signs(value)),
        crop=row.crop,
    )


def _missing(truth: TrueValue, form: str) -> Compared:
    lost = signs(truth.value)
    return Compared(
        truth.file,
        truth.page,
        form,
        truth.field,
        truth.value,
        read="",
        status="",
        digits=len(lost),
        edits=tuple((sign, "") for sign in lost),
    )
