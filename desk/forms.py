"""Reads what a form or a program sends, up to a limit."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import HTTPException, Request


async def read_form(request: Request, limit: int, what: str) -> dict[str, str]:
    """Read the fields of a form, the first of each name; empty ones are left out.

    Errors: HTTPException 413 for a body of more than ``limit`` bytes, "too long for ``what``".
    """
    body = await read_body(request, limit, what)
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


async def read_body(request: Request, limit: int, what: str) -> bytes:
    """Read a body. Errors: HTTPException 413, as above."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"too long for {what}")
    return body
