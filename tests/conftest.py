"""Real labs in temporary folders."""

from __future__ import annotations

import pytest

from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings


@pytest.fixture(scope="session", params=["inline", "dask"])
def lab(request, tmp_path_factory):
    """The same promises on the reference scheduler and on a real Dask cluster of two worker processes."""
    home = tmp_path_factory.mktemp(f"lab-{request.param}") / "home"
    settings = Settings(home=home, scheduler=request.param, workers=2, threads=2, resources={"gpu": 1}, lineage=False)
    with Lab(settings) as lab:
        yield lab


@pytest.fixture(scope="session")
def dask_lab(tmp_path_factory):
    """A Lab with its own cluster, which the test may damage."""
    settings = Settings(home=tmp_path_factory.mktemp("dask-lab") / "home", scheduler="dask", workers=2, threads=2)
    with Lab(settings) as lab:
        yield lab
