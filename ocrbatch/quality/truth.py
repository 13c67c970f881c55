"""Tables of truth: what stands on the pages, as a person wrote it down."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from ocrbatch.errors import FormError
from ocrbatch.output.escape import escape_name, unescape_name
from ocrbatch.output.results import Lines, ResultRow, page_number, read_csv, read_pages_table, read_results

Pages = Mapping[str, frozenset[int]]
FieldsOf = Mapping[tuple[str, int], AbstractSet[str]]
"""The names of the fields that a page of a file has."""
NOT_FIELDS = {"file", "page", "lowest_confidence", "status"}
"""Columns of a form's own table that hold no field: it may be corrected by hand and given as truth."""


@dataclass(frozen=True, slots=True)
class TrueValue:
    """What a field says; ``value`` is empty for a blank field, and a blank cell between digits is a space.

    ``certain`` is False for an empty cell in a row a page: the page may not have the field at all.
    """

    file: str
    page: int
    field: str
    value: str
    certain: bool = True


def results_and_truth(results: Path, truth: Path) -> tuple[list[ResultRow], list[TrueValue]]:
    """Read a job's ``results.csv`` (or its folder) and the table of truth for it.

    Raises FormError where either is no such table, or the truth names what the results do not know.
    """
    rows = read_results(results)
    pages: dict[str, set[int]] = {}
    for file, page in [*read_pages_table(results), *((row.file, row.page) for row in rows)]:
        pages.setdefault(file, set()).add(page)
    if not rows:
        raise FormError(f"{results}: has no rows; give the results of a job that has read something")
    known = {file: frozenset(numbers) for file, numbers in pages.items()}
    fields: dict[tuple[str, int], set[str]] = {}
    for row in rows:
        fields.setdefault((row.file, row.page), set()).add(row.field)
    return rows, read_truth(truth, known, fields)


def read_truth(path: Path, pages: Pages, fields_of: FieldsOf) -> list[TrueValue]:
    """Read ``file,page,field,value``, or a row a page or a document with a column a field.

    ``pages`` has the page numbers of each known file, ``fields_of`` the names of the fields on a page: what they lack
    is a FormError with its row, as is a page left out where its file has several.
    """
    fields = frozenset(name for names in fields_of.values() for name in names)
    columns, lines = read_csv(path)
    if "file" not in columns:
        raise FormError(f"{path}: has no column file; head it file,page,field,value or file,page and the fields")
    long = {"field", "value"} <= set(columns)
    found = list(_long(path, lines) if long else _wide(columns, lines))
    spellings = {escape_name(file): file for file in pages} | {file: file for file in pages}
    truths: dict[tuple[str, int, str], TrueValue] = {}
    for line, row in found:
        truth = _checked(path, line, row, spellings=spellings, pages=pages, fields=fields)
        key = (truth.file, truth.page, truth.field)
        if key in truths:
            raise FormError(f"{path}, line {line}: {row['file']}, {truth.field} stands here twice; keep one row")
        truths[key] = truth if long or truth.value else replace(truth, certain=False)
    if not truths:
        raise FormError(f"{path}: has no rows; write one for each field")
    return list(truths.values()) if long else _on_their_pages(list(truths.values()), pages, fields_of)


def _on_their_pages(truths: list[TrueValue], pages: Pages, fields_of: FieldsOf) -> list[TrueValue]:
    """Put each truth of a document's row, which names its first page, on the page of it that has the field.

    A document ends where the next one of the table begins, or a field of its first page comes again.
    """
    begin = {(truth.file, truth.page) for truth in truths}
    in_order = {file: sorted(numbers) for file, numbers in pages.items()}

    def page_of(truth: TrueValue) -> int:
        first = fields_of.get((truth.file, truth.page), set())
        if truth.field in first:
            return truth.page
        own_pages = in_order[truth.file]
        for page in own_pages[bisect_right(own_pages, truth.page) :]:
            own = fields_of.get((truth.file, page), set())
            if (truth.file, page) in begin or own & first:
                break
            if truth.field in own:
                return page
        return truth.page

    return [replace(truth, page=page_of(truth)) for truth in truths]


def _long(path: Path, lines: Lines) -> Lines:
    for line, row in lines:
        if not row["field"]:
            raise FormError(f"{path}, line {line}: names no field; write its name as in the results")
        yield line, row


def _wide(columns: list[str], lines: Lines) -> Iterator[tuple[int, dict[str, str]]]:
    names = [name for name in columns if name and name not in NOT_FIELDS]
    for line, row in lines:
        for name in names:
            yield line, {"file": row["file"], "page": row.get("page", ""), "field": name, "value": row[name]}


def _checked(
    path: Path,
    line: int,
    row: Mapping[str, str],
    *,
    spellings: Mapping[str, str],
    pages: Pages,
    fields: frozenset[str],
) -> TrueValue:
    """Compare a row with what is known of the pages; FormError names what is not."""
    place = f"{path}, line {line}"
    file = spellings.get(row["file"])
    if file is None:
        raise FormError(f"{place}: the results have no file {row['file']!r}; write its path as they do")
    field = row["field"] if row["field"] in fields else unescape_name(row["field"])
    if field not in fields:
        raise FormError(
            f"{place}: the results have no field {row['field']!r}; theirs are {', '.join(sorted(fields)[:12])}"
        )
    if row.get("page"):
        page = page_number(path, line, row["page"])
        if page not in pages[file]:
            raise FormError(f"{place}: {row['file']} has no page {page}; pages count from 1 in each file")
    elif len(pages[file]) == 1:
        (page,) = pages[file]
    else:
        raise FormError(f"{place}: {row['file']} has {len(pages[file])} pages; add a column page and say which")
    return TrueValue(file, page, field, unescape_name(row["value"]).strip())
