"""How a job stands: pages and fields by status, and what failed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.errors import ExitCode
from ocrbatch.job.ledger import Ledger
from ocrbatch.records import PageResult, PageStatus, Status

UNREGISTERED = ("not registered", "unknown form")
"""How the reason of a page begins whose fields have no places, because it is none of the forms."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How a job ended: pages and fields by status, and how many files this run read.

    ``unregistered`` counts the pages that are no known form or could not be registered: they are to review, unread.
    """

    files: int
    files_read: int
    pages: dict[str, int]
    fields: dict[str, int]
    unregistered: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """3 where pages failed, else 0."""
        return ExitCode.PAGES_FAILED if self.pages[PageStatus.FAILED] else ExitCode.OK


def summarize(ledger: Ledger, files: int, files_read: int) -> Summary:
    """Count the pages and fields of a ledger."""
    fields: Counter[str] = Counter()
    pages: Counter[str] = Counter()
    unregistered = 0
    for page in ledger.pages():
        pages[page.result.status.value] += 1
        unregistered += is_unregistered(page.result)
        fields.update(field.status.value for field in page.result.fields)
    return Summary(
        files,
        files_read,
        {status.value: pages[status.value] for status in PageStatus},
        {status.value: fields[status.value] for status in Status},
        unregistered,
    )


def is_unregistered(page: PageResult) -> bool:
    """Tell whether a page is none of the forms, or its place could not be found: it has no fields then."""
    return page.status is PageStatus.REVIEW and page.reason.startswith(UNREGISTERED)


def job_summary(output: Path) -> Summary:
    """Give what a job has done so far. Raises OutputError where there is none."""
    with Ledger(output, writable=False) as ledger:
        return summarize(ledger, len(ledger.states()), 0)


def failures(output: Path) -> Iterator[tuple[str, int, str]]:
    """Give file, page and reason of every failed page of a job."""
    with Ledger(output, writable=False) as ledger:
        for page in ledger.pages():
            if page.result.status is PageStatus.FAILED:
                yield page.file, page.result.page, page.result.reason
