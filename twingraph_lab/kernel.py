"""What kernels load: `%load_ext twingraph_lab`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twingraph_lab.errors import MissingExtraError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give a shell `%%twingraph`, `%twingraph` and `%gremlin`, and let it import `twingraph` as its programs do.

    The Lab is made when it is first needed.
    """
    try:
        from twingraph_lab.frontends.magic import TwinGraphMagics  # noqa: PLC0415  (needs an extra)
    except ImportError as error:
        if error.name and error.name.split(".")[0] != "IPython":
            raise
        raise MissingExtraError("notebooks", "notebook") from error
    from twingraph_lab import lab  # noqa: PLC0415  (slow)
    from twingraph_lab.platforms import stand_ins  # noqa: PLC0415

    shell.register_magics(TwinGraphMagics(shell, lab.current, lab.remembers))
    stand_ins.install()
