"""Calls to large language models, at any endpoint that speaks OpenAI's chat completions."""

from __future__ import annotations

import json
import os
from typing import Any

from twingraph_lab.components.http import RequestError, StatusError, exchange, shown_url
from twingraph_lab.errors import PlatformError
from twingraph_lab.spec.component import Declaration, Slot, declared

URL, KEY = "TWINGRAPH_LLM_URL", "TWINGRAPH_LLM_KEY"
TIMEOUT_S = 300


@declared(
    Declaration(
        title="Language model",
        description="Asks a large language model.",
        inputs={
            "prompt": Slot(type="string", required=True, long=True, description="The question, with what it is about"),
            "system": Slot(type="string", long=True, description="How it is to answer"),
            "model": Slot(type="string", description="The model's name; the endpoint's own choice without"),
            "temperature": Slot(type="number", description="0 for the likeliest answer, more for variety"),
            "max_tokens": Slot(type="integer", description="The longest answer, in tokens"),
        },
        outputs={
            "result": Slot(type="string", description="The answer"),
            "model": Slot(type="string", description="The model that gave it"),
            "usage": Slot(type="object", description="Counts of tokens"),
        },
    )
)
def complete(
    prompt: str,
    model: str | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    system: str | None = None,
) -> dict[str, Any]:
    """Ask a model and return its answer as `result` and `response`, with `model` and `usage` (counts of tokens).

    The endpoint is `TWINGRAPH_LLM_URL` (up to `/v1`, or with `/chat/completions`), its key `TWINGRAPH_LLM_KEY`; both
    are read from the environment of the process that runs the node. What isn't given is left to the endpoint. Raises
    `PlatformError` if none is configured, `RequestError` if it doesn't answer; the key is in no message.
    """
    url, key = _endpoint(), os.environ.get(KEY, "")
    given = {"model": model, "temperature": temperature, "max_tokens": max_tokens}
    messages = [{"role": "system", "content": system}] if system else []
    body = {
        **{name: value for name, value in given.items() if value is not None},
        "messages": [*messages, {"role": "user", "content": prompt}],
    }
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        _, _, answer = exchange("POST", url, headers=headers, json=body, timeout_s=TIMEOUT_S)
    except StatusError as error:
        raise type(error)(_without(key, str(error)), error.status) from None
    return _read(_without(key, answer.decode(errors="replace")), url)


def _endpoint() -> str:
    url = os.environ.get(URL, "").rstrip("/")
    if not url:
        raise PlatformError(
            f"no language model is configured: set {URL} to an endpoint for chat completions, such as"
            f" http://localhost:11434/v1, and {KEY} to its key if it needs one"
        )
    return url if url.endswith("/chat/completions") else f"{url}/chat/completions"


def _read(answer: str, url: str) -> dict[str, Any]:
    try:
        value = json.loads(answer)
        text = value["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise RequestError(f"{shown_url(url)} didn't answer with a chat completion: {answer[:200]}") from None
    return {"result": text, "response": text, "model": value.get("model"), "usage": value.get("usage")}


def _without(key: str, text: str) -> str:
    return text.replace(key, "***") if key else text
