"""The rules page: what is in force, an editor that tries a rule and saves it, and each saved rule's history."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from connectors.errors import SettingsError
from desk.forms import read_form
from desk.pages import frame_values
from desk.rule_records import RuleChange, RuleListing, mistakes_of
from desk.state import Desk, DeskOf
from desk.trial import Trial, back_test, tried
from desk.written import BODY_BYTES, no_author, number, written_on_page
from pipelines.rules.model import Severity
from pipelines.saved_rules import SavedRule

router = APIRouter(include_in_schema=False)


@router.get("/rules")
async def rules_page(
    desk: DeskOf,
    query: Annotated[str, Query(max_length=20_000)] = "",
    edit: Annotated[str, Query(max_length=200)] = "",
    saved: Annotated[str, Query(max_length=200)] = "",
    deleted: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The rules in force and those that were saved, and the editor."""
    frame = await frame_values(desk)
    listed, fault, records = await asyncio.to_thread(_read, desk)
    editing, written = records.get(edit), records.get(saved)
    if edit and editing is None:
        raise HTTPException(404, "no saved rule has this name, or no longer")
    trial: Trial | None = None
    if editing is not None:
        form = {"query": editing.query}
        _, trial = await asyncio.to_thread(tried, desk, form, editing.languages)
    return desk.page(
        "rules.html",
        **frame,
        listed=listed,
        records=records,
        left_out={one.name: one.reason for one in listed.left_out},
        fault=fault,
        query=editing.query if editing else query,
        editing=editing,
        written=written,
        deleted=deleted if deleted and deleted not in records else "",
        trial=trial,
        severities=[str(one) for one in Severity],
    )


def _read(desk: Desk) -> tuple[RuleListing, str, Mapping[str, SavedRule]]:
    # Brings the rule reader with it, which a desk that nobody asks can do without.
    from desk.saving import listing, shelf_of, slow_of

    try:
        in_force = shelf_of(desk).read()
    except SettingsError as error:
        return RuleListing((), (), ()), str(error), {}
    listed = listing(in_force, slow_of(desk))
    return listed, "\n".join(listed.faults), in_force.saved


@router.post("/rules/try")
async def try_rule(desk: DeskOf, request: Request) -> Response:
    """Read a query, say what it means, and try it."""
    form = await read_form(request, BODY_BYTES, "a trial")
    rule, trial = await asyncio.to_thread(tried, desk, form, _listed(form.get("languages", "")))
    if "stream" in form and rule is not None:
        trial.found = await back_test(desk, rule)
    return desk.page("_trial.html", trial=trial)


@router.post("/rules/save")
async def save_rule(desk: DeskOf, request: Request) -> Response:
    """Save what stands in the editor; the page is loaded anew with it, or a fragment says what hinders."""
    form = await read_form(request, BODY_BYTES, "a rule")
    return await written_on_page(desk, "/rules", partial(_save, desk, form), "saved", mistakes_of)


def _save(desk: Desk, form: Mapping[str, str]) -> SavedRule:
    from desk.saving import save, severity_of

    change = RuleChange(
        # Browsers send the line ends of mail.
        query=form.get("query", "").replace("\r\n", "\n").strip(),
        author=form.get("author", ""),
        severity=severity_of(form.get("severity", "")),
        languages=_listed(form.get("languages", "")),
        routes=_listed(form.get("routes", "")),
        revision=number(form.get("revision", "")),
    )
    return save(desk, form.get("name", "").strip(), change)


@router.post("/rules/delete")
async def delete_rule(desk: DeskOf, request: Request) -> Response:
    """Delete a saved rule."""
    from desk.saving import delete

    form = await read_form(request, BODY_BYTES, "a rule")
    name, author, revision = form.get("name", ""), form.get("author", ""), number(form.get("revision", ""))
    return await written_on_page(desk, "/rules", partial(delete, desk, name, author, revision), "deleted", no_author)


@router.get("/rules/history/{name}")
async def history_page(desk: DeskOf, name: str) -> Response:
    """Who changed a saved rule, when, and what."""
    from desk.saving import steps

    frame = await frame_values(desk)
    told = await asyncio.to_thread(steps, desk, name)
    if not told:
        raise HTTPException(404, "no rule of this name was ever saved")
    return desk.page("history.html", **frame, here="rules", page="/rules", name=name, steps=told)


def _listed(text: str) -> tuple[str, ...]:
    """Read names that were typed with commas or spaces between."""
    return tuple(dict.fromkeys(re.findall(r"[^\s,;]+", text)))
