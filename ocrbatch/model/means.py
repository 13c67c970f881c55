"""What pages are read with, loaded from what was given: forms, models and thresholds, each only where it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.template import Form
from ocrbatch.model.card import load_model_file, string_model_for
from ocrbatch.page.whole import Whole, asked_whole
from ocrbatch.records import ModelFile


@dataclass(frozen=True, slots=True)
class Means:
    """What pages are read with: the forms or the kind of whole pictures, the models, and what is accepted."""

    forms: tuple[Form, ...]
    whole: Whole | None
    model: ModelFile
    strings: ModelFile | None
    accept: Acceptance


def means_of(
    form_paths: Sequence[Path],
    whole: str | None,
    model: Path | None,
    thresholds: Path | None,
    accept: float = 0.995,
    strict: float | None = None,
) -> Means:
    """Load what was given to read with; ``accept`` and ``strict`` are those of ``load_acceptance``.

    Raises UsageError, FormError and ModelError for what cannot be used.
    """
    asked = asked_whole(whole, with_forms=bool(form_paths))
    forms: tuple[Form, ...] = ()
    if form_paths:
        from ocrbatch.form.store import load_forms

        forms = load_forms(form_paths)
    opened = load_model_file(model)
    strings = string_model_for(forms, asked)
    accepted = Acceptance(accept)
    if thresholds is not None:
        from ocrbatch.form.thresholds import load_acceptance

        accepted = load_acceptance(thresholds, opened, forms, asked, accept, strict, strings)
    return Means(forms, asked, opened, strings, accepted)
