from __future__ import annotations

import pytest

from twingraph_lab.frontends import compat, decorators
from twingraph_lab.frontends.compat import warning

compat.install()


@pytest.fixture(autouse=True)
def said_anew():
    """Every test hears all warnings."""
    warning.forget()
    yield
    warning.forget()


@pytest.fixture
def host(lab):
    """Pipelines run on this lab."""
    before = decorators.use_host(lambda: lab)
    yield lab
    decorators.use_host(before)
