"""What a job is: what to read, with what, and where to; and by which names its readings are known again."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ocrbatch.form.template import Form
from ocrbatch.job.limits import Limits
from ocrbatch.job.remote import Place
from ocrbatch.output.tables import TableOptions
from ocrbatch.page.whole import Whole
from ocrbatch.records import FilePage, ModelFile, PageStatus
from ocrbatch.version import __version__

ALL_FORMS = ""
"""Under this name stands the sum of all forms: a page that is none of them depends on each."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, with what, and where to; ``target_error`` is the share of accepted fields that may be wrong.

    With ``forms``, only pages of these are read; with ``whole``, each page is one field; else the boxes of any page.
    ``thresholds`` are the confidences (0–1) from which the fields of a form are accepted, whatever the target error.
    ``strings`` is the model that reads runs of digits whole; it is needed only where there are some. ``batch`` files
    are read together and recorded at once; ``limits`` bind each page. Inputs whose results are safe are moved to
    ``move_done``; without it, none is touched. With ``no_pictures``, the pictures of earlier runs are removed.
    The workers of a Dask cluster read where the address of its ``scheduler`` is given, else ``jobs`` processes here.
    ``form_paths`` are where the forms were loaded from, so that the tables can be written without the job.
    """

    inputs: tuple[Place, ...]
    output: Path
    model: ModelFile
    target_error: float = 0.005
    jobs: int = 1
    crops: bool = False
    overlays: bool = False
    max_pixels: int = 100_000_000
    tables: TableOptions = field(default_factory=TableOptions)
    forms: tuple[Form, ...] = ()
    whole: Whole | None = None
    thresholds: tuple[tuple[str, float], ...] = ()
    strings: ModelFile | None = None
    batch: int = 8
    limits: Limits = field(default_factory=Limits)
    move_done: Path | None = None
    no_pictures: bool = False
    form_paths: tuple[Path, ...] = ()
    scheduler: str = ""


def sorted_forms(forms: Sequence[Form]) -> tuple[Form, ...]:
    """Sort forms: a reading does not depend on the order in which they were given."""
    return tuple(sorted(forms, key=lambda form: form.name))


def form_sums(job: Job) -> dict[str, str]:
    """Give the sha256 of each form by its name."""
    return {form.name: form.sha256 for form in sorted_forms(job.forms)}


def temperatures(job: Job) -> dict[str, float | None]:
    """Give what divides the logits of each model: it stands in the cards, and the models' sha256 do not tell it."""
    return {"model": job.model.temperature, "string_model": job.strings.temperature if job.strings else None}


def choices(job: Job) -> dict[str, object]:
    """Give what a person chose for the reading, but the model and the forms."""
    return {
        "target_error": job.target_error,
        "thresholds": dict(job.thresholds),
        "max_pixels": job.max_pixels,
        "crops": job.crops,
        "overlays": job.overlays,
        "whole": job.whole,
    }


def settings_key(job: Job) -> str:
    """Name all that a reading depends on but the file itself and what stands in the forms."""
    strings = job.strings.sha256 if job.strings else None
    models = {"model": job.model.sha256, "string_model": strings, "temperatures": temperatures(job)}
    chosen = {key: value for key, value in choices(job).items() if key != "thresholds"}
    return _sum({"ocrbatch": __version__, **models, "forms": sorted(form_sums(job)), **chosen}, 16)


class FormSums:
    """Which forms a file's pages depend on, and whether these are still the same."""

    def __init__(self, job: Job) -> None:
        thresholds = dict(job.thresholds)
        own = {name: _sum([sum_, thresholds.get(name)]) for name, sum_ in form_sums(job).items()}
        others = {name: _sum([threshold]) for name, threshold in thresholds.items() if name not in own}
        self._sums = {ALL_FORMS: _sum([*own.items(), *others.items()]), **own, **others}
        self._known: dict[str, bool] = {}

    def of(self, pages: Iterable[FilePage]) -> str:
        """Give the sums of the forms that pages depend on: their own, or of all where one is none of them."""
        read = [page.result for page in pages if page.result.status in (PageStatus.READ, PageStatus.REVIEW)]
        names = {page.form if page.form in self._sums else ALL_FORMS for page in read}
        return json.dumps({name: self._sums[name] for name in sorted(names)})

    def hold(self, forms: str) -> bool:
        """Tell whether forms, as ``of`` gave them, are as they were then."""
        if forms not in self._known:
            self._known[forms] = all(self._sums.get(name) == sum_ for name, sum_ in json.loads(forms).items())
        return self._known[forms]


def _sum(value: object, digits: int = 64) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:digits]
