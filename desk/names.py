"""The page of own names: those in force, an editor that tries an entry and saves it, and each one's history."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from connectors.errors import Fault, SettingsError
from desk.forms import read_form
from desk.name_records import NameChange, NameListing, NameTrial, name_mistakes
from desk.pages import frame_values
from desk.state import Desk, DeskOf
from desk.written import BODY_BYTES, no_author, number, written_on_page
from pipelines.entities.own import KINDS, Section
from pipelines.name_shelf import NamesInForce
from pipelines.revisions import SAVED
from pipelines.saved_names import SavedName

if TYPE_CHECKING:
    from desk.unlisted import UnlistedListing

router = APIRouter(include_in_schema=False)


@router.get("/names")
async def names_page(
    desk: DeskOf,
    edit: Annotated[str, Query(max_length=200)] = "",
    saved: Annotated[str, Query(max_length=200)] = "",
    deleted: Annotated[str, Query(max_length=200)] = "",
    section: Annotated[str, Query(max_length=20)] = "",
    name: Annotated[str, Query(max_length=500)] = "",
    language: Annotated[str, Query(max_length=2)] = "",
) -> Response:
    """The own names in force and those that were saved, the editor, names that no list has.

    ``section``, ``name`` and ``language`` are what stands in the editor of a new entry to begin with.
    """
    from desk.naming import lines_of

    frame = await frame_values(desk)
    listed, fault, in_force = await asyncio.to_thread(_read, desk)
    records = in_force.saved
    editing = records.get(edit)
    if edit and editing is None:
        raise HTTPException(404, "no saved entry has this id, or no longer")
    return desk.page(
        "names.html",
        **frame,
        listed=listed,
        records=records,
        left_out={one.name: one.reason for one in listed.left_out},
        fault=fault,
        editing=editing,
        written=records.get(saved),
        deleted=deleted if deleted and deleted not in records else "",
        sections=[str(one) for one in Section],
        section=section,
        typed=lines_of({language: " ".join(name.split())}) if name else "",
        unlisted=await _unlisted(desk, in_force) if desk.node.ner.is_on else None,
        kinds=KINDS,
        lines_of=lines_of,
    )


def _read(desk: Desk) -> tuple[NameListing, str, NamesInForce]:
    # Brings the reader of lists with it, which a desk that nobody asks can do without.
    from desk.naming import listing, shelf_of

    try:
        in_force = shelf_of(desk).read()
    except SettingsError as error:
        return NameListing((), (), ()), str(error), NamesInForce((), {}, {})
    listed = listing(in_force)
    return listed, "\n".join(listed.faults), in_force


async def _unlisted(desk: Desk, in_force: NamesInForce) -> UnlistedListing:
    from desk.naming import names_to_find
    from desk.unlisted import listing, read_kept

    kept = await read_kept(desk.client)
    starts = await asyncio.to_thread(names_to_find, desk)
    return await asyncio.to_thread(listing, kept, in_force.entries, starts, desk.clock().year)


@router.post("/names/try")
async def try_name(desk: DeskOf, request: Request) -> Response:
    """Read an entry, and find it and the other own names in a text."""
    form = await read_form(request, BODY_BYTES, "a trial")
    trial = await asyncio.to_thread(_tried, desk, form)
    from desk.naming import evidence_of

    return desk.page("_name_trial.html", trial=trial, evidence=evidence_of(trial))


def _tried(desk: Desk, form: Mapping[str, str]) -> NameTrial:
    from desk.naming import tried

    # Who saves it is asked for only then.
    form = {**form, "author": "tried"}
    try:
        section, entry_id, change = _typed(form)
    except SettingsError as error:
        return NameTrial(mistakes=name_mistakes(error))
    return tried(desk, section, entry_id, change, form.get("text", ""), form.get("language", ""))


def _typed(form: Mapping[str, str]) -> tuple[Section, str, NameChange]:
    """Read what stands in the editor. Errors: SettingsError for a list that there is not."""
    from desk.naming import names_of

    try:
        section = Section(form.get("section", ""))
    except ValueError:
        raise SettingsError([Fault(SAVED, 0, "list", f"expected one of {', '.join(Section)}")]) from None
    change = NameChange(
        names_of(form.get("names", "")),
        form.get("author", ""),
        **{key: form.get(key, "").strip() for key in ("kind", "type", "country", "weight")},
        alone="alone" in form,
        offices=tuple(filter(None, (office.strip() for office in re.split(r"[,;\n]", form.get("offices", ""))))),
        revision=number(form.get("revision", "")),
    )
    return section, form.get("id", "").strip(), change


@router.post("/names/save")
async def save_name(desk: DeskOf, request: Request) -> Response:
    """Save what stands in the editor; the page is loaded anew with it, or a fragment says what hinders."""
    form = await read_form(request, BODY_BYTES, "an entry")
    return await written_on_page(desk, "/names", partial(_save, desk, form), "saved", name_mistakes)


def _save(desk: Desk, form: Mapping[str, str]) -> SavedName:
    from desk.naming import save

    return save(desk, *_typed(form))


@router.post("/names/delete")
async def delete_name(desk: DeskOf, request: Request) -> Response:
    """Delete a saved entry."""
    from desk.naming import delete

    form = await read_form(request, BODY_BYTES, "an entry")
    name, author, revision = form.get("name", ""), form.get("author", ""), number(form.get("revision", ""))
    return await written_on_page(desk, "/names", partial(delete, desk, name, author, revision), "deleted", no_author)


@router.get("/names/history/{section}/{id}")
async def history_page(desk: DeskOf, section: Section, id: str) -> Response:
    """Who changed a saved entry, when, and what."""
    from desk.naming import steps

    name = f"{section}/{id}"
    frame = await frame_values(desk)
    told = await asyncio.to_thread(steps, desk, name)
    if not told:
        raise HTTPException(404, "no entry of this id was ever saved")
    return desk.page("history.html", **frame, here="names", page="/names", name=name, steps=told)
