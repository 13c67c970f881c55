"""What the commands about forms share: scans read, files written."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ocrbatch.errors import InputError, UsageError

if TYPE_CHECKING:
    from ocrbatch.records import Page

FORM_HELP = "the README tells what a form file holds"


def read_page(scan: Path, number: int) -> "Page":
    """Read one page of a scan. Raises InputError where it gives no picture, UsageError where it has no such page."""
    from ocrbatch.page.decode import decode
    from ocrbatch.records import Page

    try:
        data = scan.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {scan}: {error.strerror}; check the path") from error
    last = 0
    for page in decode(data):
        last = page.number
        if page.number != number:
            continue
        if not isinstance(page, Page):
            raise InputError(f"{scan}, page {number}: {page.reason}; scan or save it again")
        return page
    raise UsageError(f"--page {number}: {scan} has {last} page{'s' if last != 1 else ''}")


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files (0600) that appear all at once, in their order, or not at all. Raises OutputError."""
    from ocrbatch.output.files import Drafts, make_folder, output_errors

    for folder in dict.fromkeys(path.parent for path in contents):
        make_folder(folder)
    with Drafts() as drafts:
        for path, content in contents.items():
            file = drafts.open(path)
            with output_errors(path):
                file.buffer.write(content)
        drafts.publish()
