"""The command line. `commands` declares what can be typed, `app` what all commands share; the others do the work.

Only those two are imported to print help, so they import nothing heavy.
"""

from __future__ import annotations

from twingraph_lab.cli.commands import main

__all__ = ["main"]
