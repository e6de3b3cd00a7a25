"""Configuration, read once: environment variables `TWINGRAPH_…`, else these defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a `Lab` is made of. Only `lab.py` and the command line make one; everything below gets values."""

    model_config = SettingsConfigDict(env_prefix="TWINGRAPH_", env_ignore_empty=True, extra="ignore")

    home: Path = Path(".twingraph")
    """Folder of the embedded ledger, lineage and artifacts; made on first use, readable by its owner only."""
    ledger: str = ""
    """SQLAlchemy URL of the ledger; empty means SQLite in `home`. Example: `postgresql+psycopg://user@host/db`."""
    artifacts: str = ""
    """fsspec URL of the artifact store; empty means a folder in `home`. Example: `s3://bucket/prefix`."""
    scheduler: str = "dask"
    """`dask` (own local cluster), `inline` (this process's event loop), or a `tcp://`/`tls://` scheduler address."""
    workers: int = Field(default=0, ge=0)
    """Worker processes of the local cluster; 0 means one a CPU, at most 4."""
    threads: int = Field(default=0, ge=0)
    """Node bodies that run at a time in each worker; 0 means enough for 4 in all, at least 1."""
    resources: dict[str, float] = {}
    """Resources that each local worker offers, as JSON: `{"gpu": 1}`. `cpu` and `memory` are offered anyway."""
    project: str = ""
    """Name of the project whose cached results a run may use; empty: of its git repository's folder, else its own."""
    lineage: bool = True
    """Record lineage."""
    lease_s: float = Field(default=15.0, gt=0)
    """How long a coordinator owns a run without renewing; it renews at a third of this."""
    host: Literal["auto", "here", "service"] = "auto"
    """Who drives the runs of a notebook: the store's `service`, so that they survive the kernel, or the kernel, `here`;
    with `auto` the service where somebody sits before the notebook, and the kernel where it is a batch job."""
