"""A lab in which something was run."""

from __future__ import annotations

import pytest

from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings


@pytest.fixture
def inline(tmp_path):
    """A Lab of this process, with lineage."""
    with Lab(Settings(home=tmp_path / "home", scheduler="inline", workers=2, threads=1)) as lab:
        yield lab
