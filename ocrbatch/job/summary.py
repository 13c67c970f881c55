"""How a job stands: pages and fields by status, and what failed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.errors import ExitCode
from ocrbatch.job.ledger import STATUSES, Ledger, Run
from ocrbatch.job.lock import lock_holder
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
    def line(self) -> str:
        """All in one line, as for the subject of a mail."""
        pages, fields = self.pages, self.fields
        waiting = fields["review"] + fields["invalid"]
        told = [
            f"{self.files} files",
            f"{pages['read'] + pages['review']} pages read",
            f"{pages['failed']} failed" if pages["failed"] else "",
            f"{pages['skipped']} skipped" if pages["skipped"] else "",
            f"{pages['pending']} pending" if pages["pending"] else "",
            f"{self.unregistered} of no known form" if self.unregistered else "",
            f"{fields['accepted']} fields accepted",
            f"{waiting} to review",
        ]
        return ", ".join(filter(None, told))

    @property
    def exit_code(self) -> ExitCode:
        """3 where pages failed, else 0."""
        return ExitCode.PAGES_FAILED if self.pages[PageStatus.FAILED] else ExitCode.OK


def summarize(ledger: Ledger, files: int, files_read: int) -> Summary:
    """Count the pages and fields of a ledger."""
    fields: Counter[str] = Counter()
    pages: Counter[str] = Counter()
    unregistered = 0
    for status, reason, count, counted in ledger.counts():
        pages[status] += count
        unregistered += count * (status == PageStatus.REVIEW and reason.startswith(UNREGISTERED))
        fields.update({own.value: number for own, number in zip(STATUSES, counted, strict=True)})
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


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stands: what it has done, its last run, and the process that holds it now, where one does."""

    summary: Summary
    run: Run | None
    holder: str


def job_standing(output: Path) -> Standing:
    """Tell how a job stands. Raises OutputError where there is none."""
    with Ledger(output, writable=False) as ledger:
        return Standing(summarize(ledger, ledger.files(), 0), ledger.last_run(), lock_holder(output))


def pages_with(output: Path, status: PageStatus) -> Iterator[tuple[str, int, str]]:
    """Give file, page and reason of every page of a job that has a status, sorted by file and page."""
    with Ledger(output, writable=False) as ledger:
        yield from ledger.pages_with(status)
