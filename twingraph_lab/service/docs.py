"""`/docs`: the routes as a page that needs nothing but itself, so it works offline and behind any proxy."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from twingraph_lab.service.gate import SAFE

routes = APIRouter()

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
details { border: 1px solid #8884; border-radius: 4px; margin: .3rem 0; padding: .3rem .6rem; }
summary { cursor: pointer; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { overflow: auto; max-height: 30rem; background: #8881; padding: .6rem; }
b { display: inline-block; min-width: 4.5rem; }
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"{SAFE['content-security-policy']}; style-src 'sha256-{_DIGEST}'"


@routes.get("/docs", include_in_schema=False)
async def read_docs(request: Request) -> HTMLResponse:
    """Every route with what it takes and gives; the same as data is `openapi.json`."""
    return HTMLResponse(page(request.app.openapi()), headers={"content-security-policy": POLICY})


def page(schema: Mapping[str, Any]) -> str:
    """An OpenAPI document as HTML, without scripts."""
    info = schema["info"]
    title = escape(f"{info['title']} {info['version']}")
    parts = "".join(_section(tag, routes) for tag, routes in _by_tag(schema).items())
    models = schema.get("components", {}).get("schemas", {})
    shapes = "".join(_details(escape(name), _pre(model)) for name, model in sorted(models.items()))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1>"
        f'<p>As data: <a href="openapi.json">openapi.json</a> (OpenAPI {schema["openapi"]}).</p>'
        f"{parts}<h2>Shapes</h2>{shapes}</body></html>"
    )


def _by_tag(schema: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    found: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            for tag in route.get("tags", ["other"]):
                found.setdefault(tag, []).append((method.upper(), path, route))
    return found


def _section(tag: str, routes: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    return f"<h2>{escape(tag)}</h2>" + "".join(_route(method, path, route) for method, path, route in routes)


def _route(method: str, path: str, route: Mapping[str, Any]) -> str:
    head = f"<b>{escape(method)}</b><code>{escape(path)}</code> — {escape(route.get('description', ''))}"
    return _details(head, "".join(_parts(route)))


def _parts(route: Mapping[str, Any]) -> Iterator[str]:
    for title, part in (
        ("Parameters", route.get("parameters")),
        ("Body", _content(route.get("requestBody", {}))),
        *((f"Answer {status}", _content(answer)) for status, answer in route.get("responses", {}).items()),
    ):
        if part:
            yield f"<p>{escape(title)}</p>{_pre(part)}"


def _content(part: Mapping[str, Any]) -> Any:
    return {kind: content.get("schema") for kind, content in part.get("content", {}).items()}


def _details(head: str, body: str) -> str:
    return f"<details><summary>{head}</summary>{body}</details>"


def _pre(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
