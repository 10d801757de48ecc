"""The JSON API of rules: list, save, delete, history, explain."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from connectors.codec import UnreadableRecordError, decode
from connectors.errors import RetryableError, SettingsError
from desk.api import Record
from desk.forms import read_body
from desk.rule_records import RuleChange, RuleListing, mistakes_of
from desk.state import Desk, DeskOf
from desk.trial import explained
from pipelines.revisions import ChangedMeanwhileError
from pipelines.rules.explain import Explanation
from pipelines.saved_rules import SavedRule

T = TypeVar("T")
router = APIRouter(prefix="/api/v1", tags=["rules"], responses={503: {"description": "The store does not answer."}})
_BODY_BYTES = 200_000
_NOT_TAKEN: dict[int | str, dict[str, Any]] = {
    409: {"description": "Somebody changed it meanwhile: `detail` says who and when. Nothing was saved."},
    413: {"description": "Too long."},
    422: {"description": "Mistakes, all of them; a file that has the name."},
}


@dataclass(frozen=True, slots=True)
class ToExplain:
    """A query, or the name of a rule in force, and the text to try it on."""

    query: str = ""
    rule: str = ""
    title: str = ""
    text: str = ""
    # Two-letter code; "" has it detected.
    language: str = ""


def _takes(kind: type[Any]) -> dict[str, Any]:
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


async def _body(request: Request, kind: type[T]) -> T:
    try:
        return decode(kind, await read_body(request, _BODY_BYTES, "a rule"))
    except UnreadableRecordError as error:
        raise HTTPException(422, str(error)) from error


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


@router.put("/rules/{name}", response_model=SavedRule, responses=_NOT_TAKEN, openapi_extra=_takes(RuleChange))
async def save_rule(desk: DeskOf, request: Request, name: str) -> Response:
    """Save a rule, where its revision is still the one that the author saw (0: none)."""
    from desk.saving import save

    change = await _body(request, RuleChange)
    return Record(await _written(save, desk, name, change))


@router.delete("/rules/{name}", response_model=SavedRule, responses=_NOT_TAKEN)
async def delete_rule(
    desk: DeskOf,
    name: str,
    author: Annotated[str, Query(max_length=200, description="who deletes it")],
    revision: Annotated[int, Query(ge=1, le=2**53, description="the revision that the author saw")],
) -> Response:
    """Delete a saved rule; its history stays."""
    from desk.saving import delete

    return Record(await _written(delete, desk, name, author, revision))


async def _written(write: Any, *arguments: Any) -> SavedRule:
    try:
        made: SavedRule = await asyncio.to_thread(write, *arguments)
    except SettingsError as error:
        raise HTTPException(422, "\n".join(mistakes_of(error))) from error
    except ChangedMeanwhileError as error:
        raise HTTPException(409, str(error)) from error
    except RetryableError as error:
        raise HTTPException(503, str(error)) from error
    return made


@router.get(
    "/rules/{name}/history",
    response_model=list[SavedRule],
    responses={404: {"description": "No rule of this name was ever saved."}},
)
async def history(desk: DeskOf, name: str) -> Response:
    """Read every revision of a saved rule, deletions among them, the newest first."""
    from desk.saving import shelf_of

    told = await asyncio.to_thread(lambda: shelf_of(desk).saved_rules.history(name))
    if not told:
        raise HTTPException(404, "no rule of this name was ever saved")
    return Record(told)


@router.post(
    "/rules/explain",
    response_model=Explanation,
    responses={404: {"description": "No such rule in force."}, 413: _NOT_TAKEN[413], 422: {"description": "Mistakes."}},
    openapi_extra=_takes(ToExplain),
)
async def explain_rule(desk: DeskOf, request: Request) -> Response:
    """Try each part of a query or rule on a text: which hold, by which words, and what a miss lacks."""
    wanted = await _body(request, ToExplain)
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
