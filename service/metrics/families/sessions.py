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

_COUNTS = ("sessions", "with_cart_additions", "reached_checkout", "completed_checkout", "reached_and_completed")


def _sessions_in_scope(asked: Asked) -> Rows:
    columns = ["session_days.sessions_date", *(f"session_days.{name}" for name in _COUNTS)]
    clauses = ["session_days.shop_id = :shop_id", "session_days.bots_excluded", *(c.sql for c in asked.conditions)]
    text = "\n".join([select(columns), "from session_days", where(clauses)])
    return Rows("sessions_in_scope", text, "sessions_date")


def _looked_at(asked: Asked, _scope: Mapping[str, str]) -> dict[str, str]:
    """Sessions by reason: `bots` are never counted; `outside_segment`. Nothing here has an id: a row is of a day."""
    in_segment = " and ".join(condition.sql for condition in asked.conditions) or "true"
    in_window = where([
        "session_days.shop_id = :shop_id",
        "session_days.sessions_date >= :window_start",
        "session_days.sessions_date < :window_end",
    ])  # fmt: skip
    row = """\
    cast(null as bigint) as row_id,
    'sessions' as row_name,
    session_days.sessions_date as row_date
from session_days"""
    return {"looked_at": f"""select
    case when {in_segment} then 'counted' else 'outside_segment' end as reason,
    session_days.sessions as row_count,
{row}
{in_window}
  and session_days.bots_excluded
union all
select
    'bots' as reason,
    case when session_days.bots_excluded then -session_days.sessions else session_days.sessions end as row_count,
{row}
{in_window}"""}  # fmt: skip


SESSIONS = Family(
    "sessions",
    {"counted_sessions": _sessions_in_scope},
    DIMENSIONS,
    ("all",),
    _looked_at,
    changed_by=(SESSION_DAY,),
)
