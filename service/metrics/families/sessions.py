"""Sessions of the online store: `counted_sessions`, a row for each day and all that sessions can be split by.

Counted are the sessions of people; those of bots are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.metrics.families.family import Asked, Family, Rows, select, where
from service.metrics.segments import Dimension, column
from service.store.changes import SESSION_DAY

DIMENSIONS: Mapping[str, Dimension] = {
    name: column(f"session_days.{name}")
    for name in ("referrer_source", "utm_source", "utm_medium", "utm_campaign", "device")
}

_COUNTS = ("sessions", "with_cart_additions", "reached_checkout", "completed_checkout")


def _sessions_in_scope(asked: Asked) -> Rows:
    columns = ["session_days.sessions_date", *(f"session_days.{name}" for name in _COUNTS)]
    clauses = ["session_days.shop_id = :shop_id", "session_days.bots_excluded", *(c.sql for c in asked.conditions)]
    text = "\n".join([select(columns), "from session_days", where(clauses)])
    return Rows("sessions_in_scope", text, "sessions_date")


def _census(asked: Asked, _scope: Mapping[str, str]) -> str:
    """Sessions by reason: `bots` are never counted; `outside_segment`."""
    in_segment = " and ".join(condition.sql for condition in asked.conditions) or "true"
    in_window = where([
        "session_days.shop_id = :shop_id",
        "session_days.sessions_date >= :window_start",
        "session_days.sessions_date < :window_end",
    ])  # fmt: skip
    return f"""select reason, sum(sessions) as row_count
from (
    select case when {in_segment} then 'counted' else 'outside_segment' end as reason, session_days.sessions
    from session_days
    {in_window}
      and session_days.bots_excluded
    union all
    select 'bots', case when session_days.bots_excluded then -session_days.sessions else session_days.sessions end
    from session_days
    {in_window}
) as reasons
group by reason
having sum(sessions) <> 0"""


SESSIONS = Family(
    "sessions",
    {"counted_sessions": _sessions_in_scope},
    DIMENSIONS,
    ("all",),
    _census,
    changed_by=(SESSION_DAY,),
)
