"""The upload as a web app: a scan is dropped and its reading shown over its picture; ``POST /read`` for programs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import FastAPI, File, Query, Response, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp

from ocrbatch.errors import OcrbatchError
from ocrbatch.form.template import Form
from ocrbatch.job.limits import Limits
from ocrbatch.job.processes import MakeReader
from ocrbatch.review.reading import ReadScan, Refused, all_failed, scan_of, upload_of
from ocrbatch.review.security import Access, Guard
from ocrbatch.review.site import add_files, add_plain_errors, render
from ocrbatch.review.turns import Turns
from ocrbatch.version import __version__

MEGA = 1_000_000
HEAD = 16_384
"""Bytes of a body beside the file itself."""
LONGEST_NAME = 255
WAITING = 8
"""So many scans may wait for the one that is read; more are told to come again."""
BUSY = "busy: other scans are being read; send this one again in a moment"
ANSWERS: dict[int | str, dict[str, object]] = {
    400: {"model": Refused, "description": "no file in the request"},
    403: {"model": Refused, "description": "asked by another site, by another name, or without the token"},
    413: {"model": Refused, "description": "too large: the file has more bytes than are taken"},
    422: {"model": ReadScan, "description": "no page of the file could be read; each says why"},
    500: {"model": Refused, "description": "nothing can be read: the server itself lacks something"},
    503: {"model": Refused, "description": "busy: another scan is being read; send this one again"},
}


def upload_app(
    make: MakeReader, access: Access, max_bytes: int, forms: Sequence[Form] = (), limits: Limits | None = None
) -> ASGIApp:
    """Give the app, guarded; files of more than ``max_bytes`` are refused. One scan is read at a time.

    ``make`` makes what reads uploads, in a process of its own; ``limits`` are those of a page.
    """
    turns = Turns(make, limits or Limits())

    @contextlib.asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        yield
        turns.close()

    app = FastAPI(
        title="ocrbatch",
        version=__version__,
        description="Reads handwritten digits on scans.",
        docs_url=None,
        redoc_url=None,
        lifespan=living,
    )
    _add_read(app, turns, forms)
    _add_pages(app, access, max_bytes)
    add_files(app)
    add_plain_errors(app)
    return Guard(app, access, max_bytes + HEAD, (), reads=("/read",))


def _add_read(app: FastAPI, turns: Turns, forms: Sequence[Form]) -> None:
    waiting = 0

    @app.post("/read", response_model=ReadScan, responses=ANSWERS, summary="Read a scan")
    async def read(
        file: Annotated[UploadFile, File(description="a PNG, JPEG, TIFF, BMP, WebP or PDF")],
        pictures: Annotated[bool, Query(description="give each page's picture too")] = False,
    ) -> Response:
        """Read the pages of a file: what ``ocrbatch read --json`` prints, by page."""
        nonlocal waiting
        if waiting >= WAITING:
            return JSONResponse({"reason": BUSY}, 503, {"retry-after": "2"})
        name = PurePosixPath(file.filename or "scan").name[:LONGEST_NAME] or "scan"
        waiting += 1
        try:
            upload = upload_of(name, await file.read(), pictures=pictures)
            found = await asyncio.wrap_future(turns.read(upload))
            scan = await asyncio.to_thread(scan_of, upload, found, forms)
        except OcrbatchError as error:
            return JSONResponse({"reason": str(error)}, 500)
        finally:
            waiting -= 1
        return JSONResponse(scan.model_dump(exclude_none=True), 422 if all_failed(scan) else 200)


def _add_pages(app: FastAPI, access: Access, max_bytes: int) -> None:
    known = {"token": access.page_token}

    @app.get("/", include_in_schema=False)
    async def upload() -> HTMLResponse:
        return HTMLResponse(render("upload.html", megabytes=max_bytes // MEGA, **known))

    @app.get("/api", include_in_schema=False)
    async def api() -> HTMLResponse:
        head = f" -H 'Authorization: Bearer {access.token}'" if access.token else ""
        example = f"curl -F file=@scan.png{head} http://{access.address}/read"
        return HTMLResponse(render("api.html", schema=app.openapi(), example=example, **known))
