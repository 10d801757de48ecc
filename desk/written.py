"""What a route that saves or deletes reads and answers, over the API and on the page, whatever is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import redis
from fastapi import HTTPException, Request
from pydantic import TypeAdapter
from starlette.responses import HTMLResponse, Response

from connectors.codec import UnreadableRecordError, decode
from connectors.errors import RetryableError, SettingsError
from desk.forms import read_body
from desk.state import Desk
from pipelines.revisions import ChangedMeanwhileError, Revised

T = TypeVar("T")
BODY_BYTES = 200_000
NOT_TAKEN: dict[int | str, dict[str, Any]] = {
    409: {"description": "Somebody changed it meanwhile: `detail` says who and when. Nothing was saved."},
    413: {"description": "Too long."},
    422: {"description": "Mistakes, all of them; a file that has the name."},
}
_REVISION_DIGITS = 9
_AWAY = "The store does not answer: it is not known whether this was done. Look again before you repeat it."


def takes(kind: type[Any]) -> dict[str, Any]:
    """Describe a body that is read by hand, because it must not be longer than a limit."""
    schema = TypeAdapter(kind).json_schema()
    for name, inner in schema.pop("$defs", {}).items():
        schema["properties"] = {
            field: {**{key: value for key, value in about.items() if key != "$ref"}, **inner}
            if about.get("$ref", "").endswith(f"/{name}")
            else about
            for field, about in schema["properties"].items()
        }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def read_record(request: Request, kind: type[T], what: str) -> T:
    """Read a body as a record. Errors: HTTPException 413, "too long for ``what``", and 422."""
    try:
        return decode(kind, await read_body(request, BODY_BYTES, what))
    except UnreadableRecordError as error:
        raise HTTPException(422, str(error)) from error


async def written(write: Callable[[], T], mistakes: Callable[[SettingsError], list[str]]) -> T:
    """Save or delete for the API. Errors: HTTPException that says what hinders."""
    try:
        return await asyncio.to_thread(write)
    except SettingsError as error:
        raise HTTPException(422, "\n".join(mistakes(error))) from error
    except ChangedMeanwhileError as error:
        raise HTTPException(409, str(error)) from error
    except RetryableError as error:
        raise HTTPException(503, str(error)) from error


async def written_on_page(
    desk: Desk, page: str, write: Callable[[], Revised], did: str, mistakes: Callable[[SettingsError], list[str]]
) -> Response:
    """Save or delete for a page, which is loaded anew with what was done, or a fragment says what hinders."""
    try:
        record = await asyncio.to_thread(write)
    except SettingsError as error:
        return _hindered(desk, page, mistakes(error))
    except ChangedMeanwhileError as error:
        return _hindered(desk, page, [str(error)], error.last)
    except redis.RedisError:
        return _hindered(desk, page, [_AWAY])
    except RetryableError as error:
        return _hindered(desk, page, [str(error)])
    headers = {"HX-Redirect": f"{page}?{did}={quote(record.name, safe='')}", "Cache-Control": "no-store"}
    return Response(status_code=200, headers=headers)


def _hindered(desk: Desk, page: str, messages: list[str], last: Revised | None = None) -> HTMLResponse:
    return desk.page("_hindered.html", page=page, messages=messages, last=last)


def no_author(error: SettingsError) -> list[str]:
    """Say what hinders a deletion from a row of the page, whose form has no field for the author."""
    return ["author: write into the editor above who deletes it"]


def number(text: str) -> int:
    """Read a revision; what is no number is no revision that anybody saw."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _REVISION_DIGITS else 0
