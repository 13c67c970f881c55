"""``ocrbatch review``: the local web page on which people settle what waits."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.errors import MissingExtraError

if TYPE_CHECKING:
    from ocrbatch.review.security import Access

INSTALL_REVIEW = "pip install 'ocrbatch[review]'"
NEEDED = ("fastapi", "jinja2", "python_multipart", "uvicorn")
HOST_HELP = "Listen there; off this machine, the link that is printed holds a token that is needed."
Port = Annotated[int, typer.Option(min=0, max=65535, help="Listen on this port; 0 for any that is free.")]
Host = Annotated[str, typer.Option(metavar="HOST", help=HOST_HELP)]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Only print the address.")]


def review(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The output folder of a job.")],
    port: Port = 8765,
    host: Host = "127.0.0.1",
    who: Annotated[str, typer.Option(metavar="NAME", help="Who corrects, if the page is not told.")] = "",
    sample: Annotated[int, typer.Option(min=0, help="Accepted fields to key blindly a night.")] = 20,
    no_browser: NoBrowser = False,
) -> None:
    """Settle the fields that wait, in the browser; each answer is kept at once.

    The tables are written anew in the background, and when Ctrl-C ends it. Several people may work at once.
    """
    need_extra()
    from ocrbatch.job.ledger import NAME

    if not (output / NAME).is_file():
        from ocrbatch.errors import InputError

        raise InputError(f"{output} holds no job; name the folder that was given to ocrbatch run -o")
    from ocrbatch.review.app import Review, review_app
    from ocrbatch.review.security import access_to
    from ocrbatch.review.server import bound_socket, serve

    with bound_socket(host, port) as listening:
        access = access_to(host, listening.getsockname()[1])
        typer.echo("Looking through the job …", err=True)
        job = Review(output, who, sample)
        serve(review_app(job, access), listening, lambda: announce(access, no_browser=no_browser))
    if job.publisher.problem:
        typer.echo(f"What was said is kept; the tables wait: {job.publisher.problem}", err=True)


def need_extra() -> None:
    """Raise MissingExtraError where the libraries of the page are not installed."""
    from importlib.util import find_spec

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"This needs {', '.join(missing)}, not installed: {INSTALL_REVIEW}")


def announce(access: "Access", *, no_browser: bool) -> None:
    """Print the address, and open it where a person sits before this machine."""
    import sys

    typer.echo(access.link)
    if access.token:
        typer.echo("Whoever has this link may see and change everything. It is not encrypted.", err=True)
    typer.echo("Ctrl-C ends it.", err=True)
    if not no_browser and sys.stderr.isatty():
        import webbrowser

        webbrowser.open(access.link)
