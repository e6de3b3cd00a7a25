"""What kernels load: `%load_ext twingraph_lab`.

Those of the kernelspec TwinGraph (Python) load this module under its own name, so that IPython doesn't tell a notebook
written for any kernel that the extension is loaded already.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from twingraph_lab.errors import MissingExtraError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from twingraph_lab.frontends.board import CellBoard
    from twingraph_lab.runtime.run import Run
    from twingraph_lab.widgets.canvas import Canvas


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give a shell `%%twingraph`, `%twingraph` and `%gremlin`, and let it import `twingraph` as its programs do.

    The Lab is made when it is first needed. Nothing happens if the kernelspec has done it.
    """
    try:
        from IPython.display import display  # noqa: PLC0415  (needs an extra)

        from twingraph_lab.frontends.magic import TwinGraphMagics  # noqa: PLC0415
        from twingraph_lab.frontends.views import heading  # noqa: PLC0415
    except ImportError as error:
        if error.name and error.name.split(".")[0] != "IPython":
            raise
        raise MissingExtraError("notebooks", "notebook") from error
    loaded = shell.extension_manager.loaded if shell.extension_manager else set()
    if __name__ in loaded and __package__ not in loaded:
        return
    from twingraph_lab import lab  # noqa: PLC0415  (slow)
    from twingraph_lab.platforms import stand_ins  # noqa: PLC0415
    from twingraph_lab.service.driving import ServiceDriver  # noqa: PLC0415

    def easel(board: CellBoard, run: Run | None) -> Canvas:
        canvas = _canvas(board, run)
        display(canvas)
        return canvas

    driver = ServiceDriver(lab.current, lab.settings, lambda text: display(heading(text)))
    shell.register_magics(TwinGraphMagics(shell, lab.current, lab.remembers, driver, easel))
    if os.environ.get("JPY_SESSION_NAME"):  # a Jupyter server's, so somebody is there
        driver.wake()
    stand_ins.install()


def _canvas(board: CellBoard, run: Run | None) -> Canvas:
    """A canvas of a notebook's cells, which shows this run. Raises `MissingExtraError`."""
    try:
        from twingraph_lab.widgets.canvas import Canvas  # noqa: PLC0415  (needs an extra)
    except ImportError as error:
        raise MissingExtraError("the canvas", "notebook") from error
    return Canvas(board=board, run=run)
