"""The review as a web app: pages, what they ask, and the pictures they show."""

import asyncio
import contextlib
import getpass
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp

from ocrbatch.errors import FormError, OutputError
from ocrbatch.form.template import Form
from ocrbatch.job.corrected import Verdict
from ocrbatch.job.ledger import NAME, Ledger
from ocrbatch.job.publish import kept_publication
from ocrbatch.output.escape import escape_name
from ocrbatch.review.desk import LOOK, SHEET, ConflictError, Desk, RefusedError, Said, UnlikelyError
from ocrbatch.review.digits import Sheets, digit_sheets, is_for_the_sheet
from ocrbatch.review.fields import ReviewField
from ocrbatch.review.messages import AskNext, KeySample, Message, Save, Skip
from ocrbatch.review.pictures import PictureError, Pictures, Shown
from ocrbatch.review.publisher import Publisher, tables_are_older
from ocrbatch.review.queue import Wanted
from ocrbatch.review.samples import Samples, blind
from ocrbatch.review.sampling import SIZE
from ocrbatch.review.scans import Scans
from ocrbatch.review.security import Access, Guard
from ocrbatch.review.site import add_files, add_plain_errors, render

POSTS = ("/api/next", "/api/save", "/api/skip", "/api/undo", "/api/digits", "/api/sample", "/api/sample/key")
MAX_BODY = 64 * 1024
AHEAD = 20
"""So many fields a page may ask for at once."""
SHEET_PAGE = 200


class Review:
    """All that the pages of a job need; to be made and used in one event loop."""

    def __init__(self, output: Path, who: str = "", sample: int = SIZE) -> None:
        if not (output / NAME).is_file():
            raise OutputError(f"{output} holds no job; name the folder that was given to ocrbatch run -o")
        self.output, self.who = output, who or _user()
        self.publisher = Publisher(output)
        if tables_are_older(output):
            self.publisher.changed()
        self.desk = Desk(output, self.publisher.changed, _forms(output))
        self.samples = Samples(self.desk, sample)
        self.scans = Scans(self.desk)
        self.pictures = Pictures(output)
        self._makers = ThreadPoolExecutor(2, "pictures")
        self._sheets: tuple[object, Sheets] = (None, {})

    async def shown(self, key: str, cell: int | None = None, *, whole: bool = False) -> Shown:
        """Give a picture of a field, of a cell of it, or of its whole page. Raises PictureError."""
        field = self.field(key)
        scan, place = await self.scans.of(field)
        loop = asyncio.get_running_loop()
        if whole:
            return await loop.run_in_executor(self._makers, self.pictures.page, scan)
        if cell is None:
            return await loop.run_in_executor(self._makers, self.pictures.crop, scan, place)
        return await loop.run_in_executor(self._makers, self.pictures.cell, scan, place, cell)

    def field(self, key: str) -> ReviewField:
        """Give a field; RefusedError where there is none."""
        if (field := self.desk.fields.get(key)) is None:
            raise RefusedError("the job has no such field any more; reload the page")
        return field

    def sheets(self) -> Sheets:
        """Give the digit sheets as they were when asked for first: what was sent to review stays in its place."""
        if self._sheets[0] is not self.desk.fields:
            self._sheets = (self.desk.fields, digit_sheets(self.desk.fields))
        return self._sheets[1]

    async def close(self) -> None:
        """Let go of the job, its tables written."""
        await asyncio.to_thread(self.publisher.close)
        self._makers.shutdown()
        self.desk.close()


def review_app(review: Review, access: Access) -> ASGIApp:
    """Give the app of a job's review, guarded."""

    @contextlib.asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(_look(review.desk))
        yield
        looking.cancel()
        await review.close()

    app = FastAPI(title="ocrbatch review", openapi_url=None, docs_url=None, redoc_url=None, lifespan=living)
    add_files(app)
    app.include_router(_pages(review, access))
    app.include_router(_fields(review))
    app.include_router(_others(review))
    app.include_router(_shown(review))
    add_plain_errors(app)
    _add_refusals(app)
    return Guard(app, access, MAX_BODY, POSTS)


async def _look(desk: Desk) -> None:
    while True:
        await asyncio.sleep(LOOK)
        with contextlib.suppress(OutputError, OSError):
            await desk.look()


def _pages(review: Review, access: Access) -> APIRouter:
    router = APIRouter()

    def page(template: str) -> HTMLResponse:
        who, job = escape_name(review.who), escape_name(review.output.resolve().name)
        known = {"token": access.page_token, "who": who, "job": job}
        return HTMLResponse(render(template, **known))

    @router.get("/")
    async def fields() -> HTMLResponse:
        return page("review.html")

    @router.get("/digits")
    async def digits() -> HTMLResponse:
        return page("digits.html")

    @router.get("/sample")
    async def sample() -> HTMLResponse:
        return page("sample.html")

    return router


def _fields(review: Review) -> APIRouter:
    """Give the routes by which fields are shown one by one, and settled."""
    router = APIRouter(prefix="/api")
    desk = review.desk

    @router.post("/next")
    async def next_fields(ask: AskNext) -> dict[str, Any]:
        wanted = Wanted(ask.form, ask.field, ask.reason)
        desk.queue.let_go(ask.client, ask.drop)
        found = desk.queue.next(ask.client, wanted, ask.have, min(max(ask.number, 0), AHEAD))
        return {"fields": [field.told() for field in found], "progress": _progress(review, wanted)}

    @router.post("/save")
    async def save(asked: Save) -> dict[str, Any]:
        who = asked.who.strip() or review.who
        said = Said(asked.client, who, asked.key, asked.state, asked.verdict, asked.value, asked.sure)
        field = await desk.save(said)
        return {"field": field.told(), "progress": _progress(review, Wanted())}

    @router.post("/skip")
    async def skip(asked: Skip) -> dict[str, Any]:
        desk.skip(asked.client, asked.key)
        return {}

    @router.post("/undo")
    async def undo(asked: Message) -> dict[str, Any]:
        field = await desk.undo(asked.client, asked.who.strip() or review.who)
        if field is not None:
            desk.queue.take(asked.client, field)
        return {"field": field and field.told(), "progress": _progress(review, Wanted())}

    @router.get("/filters")
    async def filters() -> dict[str, list[str]]:
        return desk.queue.filters()

    return router


def _others(review: Review) -> APIRouter:
    """Give the routes of the digit sheet and of the sample."""
    router = APIRouter(prefix="/api")

    @router.get("/digits/{digit}")
    async def sheet(digit: str, start: Annotated[int, Query(ge=0)] = 0) -> dict[str, Any]:
        sheets = review.sheets()
        if digit not in sheets:
            raise HTTPException(404)
        cells = [
            {**blind(one.field), "cell": one.cell, "confidence": one.confidence, "sent": one.field.waits}
            for one in sheets[digit][start : start + SHEET_PAGE]
        ]
        return {"cells": cells, "all": len(sheets[digit]), "start": start, "step": SHEET_PAGE}

    @router.post("/digits")
    async def send(asked: Save) -> dict[str, Any]:
        field = review.field(asked.key)
        if asked.verdict not in (Verdict.REVIEW, Verdict.UNDONE):
            raise RefusedError("a sheet sends fields to review, and takes them back")
        if asked.verdict is Verdict.REVIEW and field.waits:
            return {"sent": True}
        if not is_for_the_sheet(asked.verdict, field, SHEET):
            raise ConflictError(field)
        who = asked.who.strip() or review.who
        said = Said(asked.client, who, asked.key, field.state, asked.verdict, source=SHEET)
        return {"sent": (await review.desk.save(said)).waits}

    @router.post("/sample")
    async def sample(asked: Message) -> dict[str, Any]:
        field = await review.samples.next(asked.client)
        return {"field": field and blind(field), **await review.samples.told()}

    @router.post("/sample/key")
    async def key(asked: KeySample) -> dict[str, Any]:
        who = asked.who.strip() or review.who
        return {"agrees": await review.samples.key(asked.client, who, asked.key, asked.value)}

    return router


def _shown(review: Review) -> APIRouter:
    """Give the routes of the pictures."""
    router = APIRouter()

    @router.get("/crop/{key}")
    async def crop(key: str) -> Response:
        return _picture(await review.shown(key))

    @router.get("/page/{key}")
    async def page(key: str) -> Response:
        return _picture(await review.shown(key, whole=True))

    @router.get("/cell/{key}/{cell}")
    async def cell(key: str, cell: int) -> Response:
        return _picture(await review.shown(key, cell))

    return router


def _picture(shown: Shown) -> Response:
    return Response(shown.content, media_type=shown.kind, headers={"x-scale": f"{shown.scale:.6f}"})


def _progress(review: Review, wanted: Wanted) -> dict[str, Any]:
    publisher = review.publisher
    tables = publisher.problem or ("behind" if publisher.behind else "written")
    # Answers may come to the page in another order than they left: the older one counts no more.
    told = {"left": review.desk.queue.count(wanted), "settled": review.desk.settled, "tables": tables}
    return {**told, "at": time.time_ns() // 1000}


def _add_refusals(app: FastAPI) -> None:
    """Tell the errors of the desk in the page's words."""

    @app.exception_handler(ConflictError)
    async def conflict(_: Request, error: ConflictError) -> JSONResponse:
        return JSONResponse({"reason": "conflict", "field": error.field.told()}, 409)

    @app.exception_handler(UnlikelyError)
    async def unlikely(_: Request, error: UnlikelyError) -> JSONResponse:
        return JSONResponse({"reason": "unlikely", "why": str(error)}, 409)

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> JSONResponse:
        return JSONResponse({"reason": str(error)}, 404 if "no such" in str(error) else 422)

    @app.exception_handler(PictureError)
    async def no_picture(_: Request, error: PictureError) -> JSONResponse:
        return JSONResponse({"reason": str(error)}, 404)

    @app.exception_handler(OutputError)
    async def not_kept(_: Request, error: OutputError) -> JSONResponse:
        return JSONResponse({"reason": str(error)}, 503)


def _forms(output: Path) -> tuple[Form, ...]:
    """Give the forms whose rules values are held to; none where they have changed since the pages were read."""
    with Ledger(output, writable=False) as ledger, contextlib.suppress(FormError, KeyError):
        return kept_publication(ledger).forms
    return ()


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:
        return "somebody"
