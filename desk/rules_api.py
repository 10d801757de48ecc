"""The JSON API of rules: list, save, delete, history, explain."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from connectors.errors import SettingsError
from desk.api import Record
from desk.rule_records import RuleChange, RuleListing, mistakes_of
from desk.state import Desk, DeskOf
from desk.trial import explained
from desk.written import NOT_TAKEN, read_record, takes, written
from pipelines.rules.explain import Explanation
from pipelines.saved_rules import SavedRule

router = APIRouter(prefix="/api/v1", tags=["rules"], responses={503: {"description": "The store does not answer."}})


@dataclass(frozen=True, slots=True)
class ToExplain:
    """A query, or the name of a rule in force, and the text to try it on."""

    query: str = ""
    rule: str = ""
    title: str = ""
    text: str = ""
    # Two-letter code; "" has it detected.
    language: str = ""


@router.get("/rules", response_model=RuleListing)
async def rules(desk: DeskOf) -> Response:
    """List the rules in force with where each comes from, and the saved ones that are left out."""
    return Record(await asyncio.to_thread(_listing, desk))


def _listing(desk: Desk) -> RuleListing:
    # Brings the rule reader with it, which a desk that nobody asks can do without.
    from desk.saving import listing, shelf_of, slow_of

    try:
        return listing(shelf_of(desk).read(), slow_of(desk))
    except SettingsError as error:
        return RuleListing((), (), tuple(map(str, error.faults)))


@router.put("/rules/{name}", response_model=SavedRule, responses=NOT_TAKEN, openapi_extra=takes(RuleChange))
async def save_rule(desk: DeskOf, request: Request, name: str) -> Response:
    """Save a rule, where its revision is still the one that the author saw (0: none)."""
    from desk.saving import save

    change = await read_record(request, RuleChange, "a rule")
    return Record(await written(partial(save, desk, name, change), mistakes_of))


@router.delete("/rules/{name}", response_model=SavedRule, responses=NOT_TAKEN)
async def delete_rule(
    desk: DeskOf,
    name: str,
    author: Annotated[str, Query(max_length=200, description="who deletes it")],
    revision: Annotated[int, Query(ge=1, le=2**53, description="the revision that the author saw")],
) -> Response:
    """Delete a saved rule; its history stays."""
    from desk.saving import delete

    return Record(await written(partial(delete, desk, name, author, revision), mistakes_of))


@router.get(
    "/rules/{name}/history",
    response_model=list[SavedRule],
    responses={404: {"description": "No rule of this name was ever saved."}},
)
async def history(desk: DeskOf, name: str) -> Response:
    """Read every revision of a saved rule, deletions among them, the newest first."""
    from desk.saving import shelf_of

    told = await asyncio.to_thread(lambda: shelf_of(desk).store.history(name))
    if not told:
        raise HTTPException(404, "no rule of this name was ever saved")
    return Record(told)


@router.post(
    "/rules/explain",
    response_model=Explanation,
    responses={404: {"description": "No such rule in force."}, 413: NOT_TAKEN[413], 422: {"description": "Mistakes."}},
    openapi_extra=takes(ToExplain),
)
async def explain_rule(desk: DeskOf, request: Request) -> Response:
    """Try each part of a query or rule on a text: which hold, by which words, and what a miss lacks."""
    wanted = await read_record(request, ToExplain, "a rule")
    return Record(await asyncio.to_thread(_explained, desk, wanted))


def _explained(desk: Desk, wanted: ToExplain) -> Explanation:
    from desk.saving import shelf_of
    from pipelines.rules.mistakes import QueryError
    from pipelines.rules.model import Rule, Severity
    from pipelines.rules.syntax import parse

    if bool(wanted.query) == bool(wanted.rule):
        raise HTTPException(422, "expected a query or the name of a rule, and not both")
    try:
        in_force = shelf_of(desk).read()
        if wanted.rule:
            rule = next((one for one in in_force.rules if one.name == wanted.rule), None)
            if rule is None:
                raise HTTPException(404, "no rule of this name is in force")
        else:
            rule = Rule("query", Severity.LOW, wanted.query, parse(wanted.query, in_force.named), "")
    except (SettingsError, QueryError) as error:
        raise HTTPException(422, str(error)) from error
    return explained(desk, rule, wanted.title, wanted.text, wanted.language)[2]
