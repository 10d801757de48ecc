"""The JSON API of own names: list, save, delete, history."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from connectors.errors import SettingsError
from desk.api import Record
from desk.name_records import NameChange, NameListing, name_mistakes
from desk.state import Desk, DeskOf
from desk.written import NOT_TAKEN, read_record, takes, written
from pipelines.entities.own import Section
from pipelines.saved_names import SavedName

router = APIRouter(prefix="/api/v1", tags=["names"], responses={503: {"description": "The store does not answer."}})


@router.get("/names", response_model=NameListing)
async def names(desk: DeskOf) -> Response:
    """List the own names in force with where each comes from, and the saved ones that are left out."""
    return Record(await asyncio.to_thread(_listing, desk))


def _listing(desk: Desk) -> NameListing:
    # Brings the reader of lists with it, which a desk that nobody asks can do without.
    from desk.naming import listing, shelf_of

    try:
        return listing(shelf_of(desk).read())
    except SettingsError as error:
        return NameListing((), (), tuple(map(str, error.faults)))


@router.put("/names/{section}/{id}", response_model=SavedName, responses=NOT_TAKEN, openapi_extra=takes(NameChange))
async def save_name(desk: DeskOf, request: Request, section: Section, id: str) -> Response:
    """Save an entry, where its revision is still the one that the author saw (0: none)."""
    from desk.naming import save

    change = await read_record(request, NameChange, "an entry")
    return Record(await written(partial(save, desk, section, id, change), name_mistakes))


@router.delete("/names/{section}/{id}", response_model=SavedName, responses=NOT_TAKEN)
async def delete_name(
    desk: DeskOf,
    section: Section,
    id: str,
    author: Annotated[str, Query(max_length=200, description="who deletes it")],
    revision: Annotated[int, Query(ge=1, le=2**53, description="the revision that the author saw")],
) -> Response:
    """Delete a saved entry; its history stays."""
    from desk.naming import delete

    return Record(await written(partial(delete, desk, f"{section}/{id}", author, revision), name_mistakes))


@router.get(
    "/names/{section}/{id}/history",
    response_model=list[SavedName],
    responses={404: {"description": "No entry of this id was ever saved."}},
)
async def name_history(desk: DeskOf, section: Section, id: str) -> Response:
    """Read every revision of a saved entry, deletions among them, the newest first."""
    from desk.naming import shelf_of

    told = await asyncio.to_thread(lambda: shelf_of(desk).store.history(f"{section}/{id}"))
    if not told:
        raise HTTPException(404, "no entry of this id was ever saved")
    return Record(told)
