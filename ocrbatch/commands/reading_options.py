"""The options that all commands have that read pages, and what is made of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ocrbatch.form.acceptance import Acceptance
    from ocrbatch.form.template import Form
    from ocrbatch.job.limits import Limits
    from ocrbatch.page.whole import Whole
    from ocrbatch.records import ModelFile

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


def forms_of(paths: Sequence[Path]) -> tuple["Form", ...]:
    """Load the forms that were given with ``-f``, none where none were. Raises FormError."""
    if not paths:
        return ()
    from ocrbatch.form.store import load_forms

    return load_forms(paths)


def acceptance_of(
    thresholds: Path | None,
    model: "ModelFile",
    forms: Sequence["Form"],
    whole: "Whole | None",
    accept: float = 0.995,
    strict: float | None = None,
    strings: "ModelFile | None" = None,
) -> "Acceptance":
    """Give the confidences from which fields are accepted, with a file's thresholds where one was given.

    The arguments are those of ``load_acceptance``. Raises FormError.
    """
    from ocrbatch.form.acceptance import Acceptance

    if thresholds is None:
        return Acceptance(accept)
    from ocrbatch.form.thresholds import load_acceptance

    return load_acceptance(thresholds, model, forms, whole, accept, strict, strings)
