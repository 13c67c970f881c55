"""How good a job's results are against the truth: fields, digits, blanks, and those nobody need look at."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ocrbatch.errors import FormError
from ocrbatch.output.results import ResultRow, read_pages_table, read_results
from ocrbatch.quality.truth import TrueValue, read_truth
from ocrbatch.records import Status

FEW = 40
"""So many fields are told one by one."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A field of the truth beside what was read; ``status`` is empty where nothing was."""

    form: str
    field: str
    true: str
    read: str
    status: str

    @property
    def exact(self) -> bool:
        """Whether the whole field is right; a field that was not found is wrong even where it is blank."""
        return bool(self.status) and self.true == self.read


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of a group of fields.

    ``digits`` are the truth's, ``digit_errors`` the digits to put in, take out or change (edit distance),
    at most as many as there are; ``blanks`` are empty in the truth, ``blanks_right`` were read as empty, and
    ``blanks_invented`` were read as empty and are not.
    """

    fields: int = 0
    exact: int = 0
    digits: int = 0
    digit_errors: int = 0
    blanks: int = 0
    blanks_right: int = 0
    blanks_invented: int = 0
    missing: int = 0
    accepted: int = 0
    accepted_wrong: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The score of all fields, that of each (form, field) where they are few, and rows that have no truth."""

    total: Score
    by_field: tuple[tuple[str, str, Score], ...]
    without_truth: int


def score_results(results: Path, truth: Path) -> Report:
    """Score ``results.csv`` (or its folder) by a table of truth.

    Raises FormError where either is no such table, or the truth names what the results do not know.
    """
    rows = read_results(results)
    pages: dict[str, set[int]] = {}
    for file, page in [*read_pages_table(results), *((row.file, row.page) for row in rows)]:
        pages.setdefault(file, set()).add(page)
    if not rows:
        raise FormError(f"{results}: has no rows; give the results of a job that has read something")
    known = {file: frozenset(numbers) for file, numbers in pages.items()}
    truths = read_truth(truth, known, frozenset(row.field for row in rows))
    return score(rows, truths)


def score(rows: Sequence[ResultRow], truths: Sequence[TrueValue]) -> Report:
    """Compare rows with the truth, field by field; rows without truth are counted and left out."""
    read = {(row.file, row.page, row.field): row for row in rows}
    forms = {(row.file, row.page): row.form for row in rows}
    compared = []
    for truth in truths:
        row = read.get((truth.file, truth.page, truth.field))
        if row is not None or truth.certain:
            compared.append(_compare(truth, row, forms.get((truth.file, truth.page), "")))
    groups: dict[tuple[str, str], list[Compared]] = {}
    for pair in compared:
        groups.setdefault((pair.form, pair.field), []).append(pair)
    few = sorted(groups.items()) if len(groups) <= FEW else []
    return Report(
        total=total(compared),
        by_field=tuple((form, field, total(pairs)) for (form, field), pairs in few),
        without_truth=len(read.keys() - {(t.file, t.page, t.field) for t in truths}),
    )


def total(compared: Iterable[Compared]) -> Score:
    """Count a group of fields."""
    pairs = list(compared)
    accepted = [pair for pair in pairs if pair.status == Status.ACCEPTED]
    blank = [pair for pair in pairs if not pair.true]
    return Score(
        fields=len(pairs),
        exact=sum(pair.exact for pair in pairs),
        digits=sum(len(_digits(pair.true)) for pair in pairs),
        digit_errors=sum(_digit_errors(pair) for pair in pairs),
        blanks=len(blank),
        blanks_right=sum(pair.exact for pair in blank),
        blanks_invented=sum(bool(pair.status) and bool(pair.true) and not pair.read for pair in pairs),
        missing=sum(not pair.status for pair in pairs),
        accepted=len(accepted),
        accepted_wrong=sum(not pair.exact for pair in accepted),
    )


def as_json(report: Report) -> dict[str, object]:
    """Give a report as JSON's values: counts, and shares that are null where there is nothing to share."""
    return {
        **_with_shares(report.total),
        "without_truth": report.without_truth,
        "by_field": [{"form": form, "field": field, **_with_shares(counts)} for form, field, counts in report.by_field],
    }


def share(part: int, whole: int) -> float | None:
    """Give a part of a whole, None of nothing."""
    return part / whole if whole else None


def edit_distance(first: str, second: str) -> int:
    """Count the letters to put in, take out or change (V. Levenshtein, 1965)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        above, row = row, [i]
        for j, b in enumerate(second, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
    return row[-1]


def _compare(truth: TrueValue, row: ResultRow | None, form: str) -> Compared:
    if row is None:
        return Compared(form, truth.field, truth.value, "", "")
    return Compared(row.form, truth.field, truth.value, row.value.strip(), row.status)


def _digits(value: str) -> str:
    return value.replace(" ", "")


def _digit_errors(pair: Compared) -> int:
    true = _digits(pair.true)
    return min(len(true), edit_distance(true, _digits(pair.read)))


def _with_shares(counts: Score) -> dict[str, object]:
    right = counts.digits - counts.digit_errors
    return {
        **asdict(counts),
        "exact_share": share(counts.exact, counts.fields),
        "digit_accuracy": share(right, counts.digits),
        "blanks_right_share": share(counts.blanks_right, counts.blanks),
        "accepted_share": share(counts.accepted, counts.fields),
        "accepted_error": share(counts.accepted_wrong, counts.accepted),
    }
