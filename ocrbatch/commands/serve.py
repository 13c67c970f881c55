"""``ocrbatch serve``: a scan is dropped in the browser, or sent by a program, and its reading comes back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.job_options import FORM_HELP, MODEL_HELP, THRESHOLDS_HELP, WHOLE_HELP
from ocrbatch.commands.review import Host, NoBrowser, Port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrbatch.review.reading import ScanReader


def serve(
    form: Annotated[list[Path] | None, typer.Option("-f", "--form", metavar="FORM", help=FORM_HELP)] = None,
    whole: Annotated[str | None, typer.Option(metavar="KIND", help=WHOLE_HELP)] = None,
    model: Annotated[Path | None, typer.Option("-m", "--model", help=MODEL_HELP)] = None,
    thresholds: Annotated[Path | None, typer.Option(metavar="FILE", help=THRESHOLDS_HELP)] = None,
    port: Port = 8766,
    host: Host = "127.0.0.1",
    max_megabytes: Annotated[int, typer.Option(min=1, help="Larger files are refused.")] = 50,
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="Larger pictures are refused.")] = 100.0,
    no_browser: NoBrowser = False,
) -> None:
    """Read scans that are dropped in the browser, or sent to POST /read; nothing is kept."""
    from ocrbatch.commands.review import announce, need_extra

    need_extra()
    from ocrbatch.review.security import access_to
    from ocrbatch.review.server import bound_socket
    from ocrbatch.review.server import serve as answer
    from ocrbatch.review.upload import MEGA, upload_app

    reader = _reader(form or [], whole, model, thresholds, int(max_megapixels * MEGA))
    with bound_socket(host, port) as listening:
        access = access_to(host, listening.getsockname()[1])
        app = upload_app(reader, access, max_megabytes * MEGA)
        answer(app, listening, lambda: announce(access, no_browser=no_browser))


def _reader(
    form_paths: "Sequence[Path]", whole: str | None, model: Path | None, thresholds: Path | None, max_pixels: int
) -> "ScanReader":
    """Make all ready that reading needs. Raises the errors of a wrong form, model or threshold."""
    from ocrbatch.commands.read import acceptance_of, forms_of
    from ocrbatch.model.card import load_model_file, string_model_for
    from ocrbatch.page.classify import make_classifier
    from ocrbatch.page.registration.index import index_forms
    from ocrbatch.page.strings.sequence import make_string_reader
    from ocrbatch.page.whole import asked_whole
    from ocrbatch.review.reading import ScanReader

    asked = asked_whole(whole, with_forms=bool(form_paths))
    forms, opened = forms_of(form_paths), load_model_file(model)
    strings = string_model_for(forms, asked)
    return ScanReader(
        make_classifier(opened),
        make_string_reader(strings) if strings else None,
        index_forms(forms) if forms else asked,
        acceptance_of(thresholds, opened, forms, asked, strings=strings),
        forms,
        max_pixels,
    )
