"""`python -m twingraph_lab.cli`, the way detached coordinators are started."""

from __future__ import annotations

from twingraph_lab.cli import main

if __name__ == "__main__":
    main()
