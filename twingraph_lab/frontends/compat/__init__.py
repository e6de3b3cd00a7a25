"""TwinGraph's API (aws-samples/twingraph 0.1 and the 2.0 forked from it): its programs run here as they are.

`install()` makes `from twingraph import component, pipeline` work in this process; `twingraph run` does so by itself,
`pytest -p twingraph_lab.frontends.compat` for tests and the processes they start. An installed TwinGraph wins.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from twingraph_lab.platforms import stand_ins

_IMAGES = "build and push images with docker or your CI, and name them by docker_image="
_CLOUD = "set up what is in the cloud with its own tools, and name it in config="
_GRAPH = "every run's lineage is recorded anyway; ask it by `twingraph lineage`, %gremlin or Lab().g"

FOLDER = Path(__file__).parent / "stand_ins"
STAND_IN = stand_ins.StandIn(
    FOLDER / "twingraph",
    instead={
        "docker": _IMAGES,
        "kubernetes": _CLOUD,
        "awsmodules": _CLOUD,
        "graph": _GRAPH,
        "orchestration.orchestration_utils": "it has what TwinGraph's decorators need; there is nothing to call in it",
        "core": "of twingraph.core there is logging",
    },
)


def install(*, children: bool = False) -> None:
    """Let this process import `twingraph`; with `children`, those that it starts, too."""
    stand_ins.install()
    if not children or PathFinder.find_spec("twingraph", [p for p in sys.path if p != str(FOLDER)]):
        return
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(FOLDER) not in path:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [*path, str(FOLDER)]))


def pytest_load_initial_conftests() -> None:
    """Called by pytest before it looks at any file."""
    install(children=True)
