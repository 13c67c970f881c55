"""The site's own files: its pages, scripts and styles. Nothing else is served, and nothing comes from elsewhere."""

from functools import cache
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ocrbatch.version import __version__

PAGES = Path(__file__).with_name("pages")
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@cache
def _pages() -> Environment:
    return Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Give what is served, by name: a name that is not here is none."""
    found = [path for path in PAGES.iterdir() if path.suffix in KINDS]
    return {path.name: (path.read_bytes(), KINDS[path.suffix]) for path in found}


def render(template: str, **known: object) -> str:
    """Give a page; every text in it is escaped."""
    return _pages().get_template(template).render(version=__version__, **known)


def add_files(app: FastAPI) -> None:
    """Serve the scripts and styles."""

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        if name not in _files():
            raise HTTPException(404)
        content, kind = _files()[name]
        return Response(content, media_type=f"{kind}; charset=utf-8")


def add_plain_errors(app: FastAPI) -> None:
    """Tell what is wrong with a request in a sentence, and nothing of what stood in it."""

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> JSONResponse:
        places = [".".join(str(part) for part in one["loc"]) + ": " + one["msg"] for one in error.errors()]
        return JSONResponse({"reason": "; ".join(places)}, 400)
