"""What a submit is compared with: FastAPI taking the same body and answering, keeping nothing."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Submitted(BaseModel):
    workflow: dict[str, Any]
    parameters: dict[str, Any] = {}


@app.post("/api/runs", status_code=202)
async def echo(submitted: Submitted) -> dict[str, str]:
    return {"name": submitted.workflow["name"]}


if __name__ == "__main__":
    uvicorn.run(app, uds=sys.argv[1], log_config=None, access_log=False)
