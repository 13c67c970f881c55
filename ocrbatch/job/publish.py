"""From the ledger to the tables: at the end of a run, and again when people have corrected what was read."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from ocrbatch.errors import FormError
from ocrbatch.form.store import load_forms
from ocrbatch.form.template import Form
from ocrbatch.form.thresholds import string_forms
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.log import LOG
from ocrbatch.job.settings import Job, choices, form_sums, temperatures
from ocrbatch.job.summary import Summary, summarize
from ocrbatch.job.twins import with_twins_named
from ocrbatch.output.edited import set_aside
from ocrbatch.output.tables import TableOptions, write_tables
from ocrbatch.records import ModelFile
from ocrbatch.version import __version__


@dataclass(frozen=True, slots=True)
class Publication:
    """What the tables of a job need beside its pages: what the manifest says, the ``forms``, how tables are written."""

    manifest: Mapping[str, object]
    forms: tuple[Form, ...]
    tables: TableOptions


def publication_of(job: Job) -> Publication:
    """Give what a job's tables need. Nothing in them depends on the time, the machine or the number of workers."""
    manifest = {
        "ocrbatch": __version__,
        "model": _named(job.model),
        "string_model": None if job.strings is None else _named(job.strings),
        "temperatures": temperatures(job),
        "forms": form_sums(job),
        "string_forms": string_forms(job.forms, job.whole),
        "settings": {**choices(job), **asdict(job.tables)},
    }
    return Publication(manifest, job.forms, job.tables)


def keep_publication(ledger: Ledger, publication: Publication, form_paths: tuple[Path, ...]) -> None:
    """Keep with the ledger what its tables need, so that they can be written without the job."""
    ledger.keep_settings(
        {
            "manifest": json.dumps(publication.manifest, sort_keys=True),
            "tables": json.dumps(asdict(publication.tables), sort_keys=True),
            "form_paths": json.dumps([os.fspath(path.absolute()) for path in form_paths]),
        }
    )


def kept_publication(ledger: Ledger) -> Publication:
    """Give what a ledger's tables need; the forms are read anew.

    Raises FormError where a form is gone or has changed since the pages were read.
    """
    settings = ledger.settings()
    manifest = json.loads(settings["manifest"])
    paths = [Path(path) for path in json.loads(settings["form_paths"])]
    forms = load_forms(paths) if paths else ()
    changed = {form.name: form.sha256 for form in forms}.items() ^ manifest["forms"].items()
    if changed:
        names = ", ".join(sorted({name for name, _ in changed}))
        raise FormError(f"{names}: changed since the pages were read; run the job again with ocrbatch run, then go on")
    return Publication(manifest, forms, TableOptions(**json.loads(settings["tables"])))


def publish(
    output: Path, ledger: Ledger, publication: Publication, files_read: int = 0, *, taken: Path | None = None
) -> Summary:
    """Write the tables of a job from its ledger; gives how the job stands.

    A workbook in which somebody has written stays, under another name, unless it is the one that was ``taken``.
    """
    if (aside := set_aside(output, taken)) is not None:
        LOG.warning("workbook set aside", extra={"file": aside.name})
    summary = summarize(ledger, ledger.files(), files_read)
    totals = {"files": summary.files, "pages": summary.pages, "fields": summary.fields}
    pages = partial(with_twins_named, ledger.pages)
    manifest = {**publication.manifest, "totals": totals}
    write_tables(output, pages, manifest, forms=publication.forms, options=publication.tables)
    return summary


def _named(model: ModelFile) -> dict[str, str]:
    return {"name": model.name, "sha256": model.sha256}
