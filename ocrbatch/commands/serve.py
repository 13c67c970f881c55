"""``ocrbatch serve``: a scan is dropped in the browser, or sent by a program, and its reading comes back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.reading_options import (
    Forms,
    MaxMegapixels,
    MemoryLimit,
    Models,
    PageTimeout,
    Thresholds,
    Wholes,
    limits_of,
)
from ocrbatch.commands.review import Host, NoBrowser, Port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrbatch.job.worker import Task


def serve(
    form: Forms = None,
    whole: Wholes = None,
    model: Models = None,
    thresholds: Thresholds = None,
    port: Port = 8766,
    host: Host = "127.0.0.1",
    max_megabytes: Annotated[int, typer.Option(min=1, help="Larger files are refused.")] = 50,
    max_megapixels: MaxMegapixels = 100.0,
    page_timeout: PageTimeout = 60.0,
    memory_limit: MemoryLimit = 2048.0,
    no_browser: NoBrowser = False,
) -> None:
    """Read scans that are dropped in the browser, or sent to POST /read; nothing is kept.

    A page that hangs is tried once more, then it fails; those after it, and the next scans, are read.
    """
    from ocrbatch.commands.review import announce, need_extra

    need_extra()
    from functools import partial

    from ocrbatch.review.reading import UploadReader
    from ocrbatch.review.security import access_to
    from ocrbatch.review.server import bound_socket
    from ocrbatch.review.server import serve as answer
    from ocrbatch.review.upload import MEGA, upload_app

    task = _task(form or [], whole, model, thresholds, int(max_megapixels * MEGA))
    limits = limits_of(page_timeout, memory_limit)
    with bound_socket(host, port) as listening:
        access = access_to(host, listening.getsockname()[1])
        app = upload_app(partial(UploadReader, task), access, max_megabytes * MEGA, task.forms, limits)
        answer(app, listening, lambda: announce(access, no_browser=no_browser))


def _task(
    form_paths: "Sequence[Path]", whole: str | None, model: Path | None, thresholds: Path | None, max_pixels: int
) -> "Task":
    """Load all that reading needs. Raises the errors of a wrong form, model or threshold."""
    from ocrbatch.job.worker import Task
    from ocrbatch.model.means import means_of

    means = means_of(form_paths, whole, model, thresholds)
    return Task(
        means.model, Path(), means.accept, max_pixels, forms=means.forms, whole=means.whole, strings=means.strings
    )
