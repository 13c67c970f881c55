"""The options that all commands have that read pages, and what is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Means:
    """What pages are read with: the forms or the kind of whole pictures, the models, and what is accepted."""

    forms: "tuple[Form, ...]"
    whole: "Whole | None"
    model: "ModelFile"
    strings: "ModelFile | None"
    accept: "Acceptance"


def means_of(
    form: Sequence[Path] | None,
    whole: str | None,
    model: Path | None,
    thresholds: Path | None,
    accept: float = 0.995,
    strict: float | None = None,
) -> Means:
    """Load what a command was given to read with; ``accept`` and ``strict`` are those of ``load_acceptance``.

    Raises UsageError, FormError and ModelError for what cannot be used.
    """
    from ocrbatch.form.acceptance import Acceptance
    from ocrbatch.model.card import load_model_file, string_model_for
    from ocrbatch.page.whole import asked_whole

    asked = asked_whole(whole, with_forms=bool(form))
    forms: tuple[Form, ...] = ()
    if form:
        from ocrbatch.form.store import load_forms

        forms = load_forms(form)
    opened = load_model_file(model)
    strings = string_model_for(forms, asked)
    accepted = Acceptance(accept)
    if thresholds is not None:
        from ocrbatch.form.thresholds import load_acceptance

        accepted = load_acceptance(thresholds, opened, forms, asked, accept, strict, strings)
    return Means(forms, asked, opened, strings, accepted)
