"""The options that all commands have that read pages, and what is made of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ocrbatch.job.limits import Limits

WHOLE_HELP = "Each picture is one field, cut out already: boxes, string (a free run of digits) or digit."
THRESHOLDS_HELP = "Accept a form's fields by its threshold, proved by ocrbatch calibrate."
FORM_HELP = "A form, or a folder of forms, to look for; repeatable."
MODEL_HELP = "Another model than the one that ships."
TIMEOUT_HELP = "A page that takes longer fails, the others go on."
MEMORY_HELP = "A page that needs more memory fails, the others go on."
MEGA = 1 << 20

Forms = Annotated[list[Path] | None, typer.Option("-f", "--form", metavar="FORM", help=FORM_HELP)]
Models = Annotated[Path | None, typer.Option("-m", "--model", help=MODEL_HELP)]
Thresholds = Annotated[Path | None, typer.Option(metavar="FILE", help=THRESHOLDS_HELP)]
MaxMegapixels = Annotated[float, typer.Option(min=0.001, help="Larger pictures are refused.")]
PageTimeout = Annotated[float, typer.Option(min=1, metavar="SECONDS", help=TIMEOUT_HELP)]
MemoryLimit = Annotated[float, typer.Option(min=64, metavar="MB", help=MEMORY_HELP)]
Wholes = Annotated[str | None, typer.Option(metavar="KIND", help=WHOLE_HELP)]


def limits_of(page_timeout: float, memory_limit: float) -> "Limits":
    """Give what binds each page, of seconds and megabytes."""
    from ocrbatch.job.limits import Limits

    return Limits(page_timeout, int(memory_limit * MEGA))
