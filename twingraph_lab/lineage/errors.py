"""What can be wrong with a question about lineage."""

from __future__ import annotations

from twingraph_lab.errors import TwinGraphError


class QueryError(TwinGraphError):
    """A traversal can't be evaluated: bad syntax, a step that isn't supported, arguments of the wrong kind."""

    http_status = 422
    exit_code = 2
