"""docs/bi.md: how to connect, queries to begin with, and every view in its own words."""

from __future__ import annotations

from service.store.views import View, views

INTRODUCTION = """# The views for BI

Point a BI tool at the database and read the `bi_` views: they are the contract, with the same names and columns on
SQLite and PostgreSQL. The tables beneath them may change with any version. This page is made from
`service/store/views/`; on PostgreSQL the same words are comments on views and columns.

- Money is in the shop's currency, named in a `currency` column beside it; rates are fractions (0.27 is 27 %).
- `*_at` is an instant in UTC, `*_date` is the shop's own day. On PostgreSQL instants are `timestamptz`, which a tool
  shows in the time zone of its session; on SQLite they are texts such as `2026-07-01T08:30:00Z`, days are texts such as
  `2026-07-01`, and yes or no is 1 or 0.
- On PostgreSQL amounts are exact decimals; on SQLite, which has none, they are numbers rounded to the currency's
  decimals. [Why](decisions.md#views-give-numbers)
- There is no name, e-mail address, phone number or postal address in any view, because none is stored.
"""

CONNECTING = """## How to connect

**PostgreSQL.** Make a role for the tool (`create role reporting login password '…'`) and let it in:

```sh
okrsync db grant-bi reporting
```

It can read these views and nothing else, and [keeps that through upgrades](operations.md#postgresql). Give the tool
host, port, database, this role and its password, and let it show the schema that okrsync uses: `public`, unless you
chose another.

**SQLite.** Give the tool the file of `database.url`, read-only (`file:var/okrsync.db?mode=ro` where it takes a URI), on
the machine that okrsync runs on; readers never hold it up. What was written last stands in `okrsync.db-wal`, beside it:
a container needs the folder, not the file alone, and a network share will not do. Never say `immutable`: it skips that
file. okrsync makes the file readable by its owner only, so the tool runs as the same user or takes a copy, which
`vacuum into 'copy.db'` writes whole.

| tool | PostgreSQL | SQLite |
|---|---|---|
| Metabase | as a database of that kind | as a database of that kind, by its path |
| Power BI | by its PostgreSQL connector, *Import* or *DirectQuery* | by an ODBC driver |
| Looker Studio | by its PostgreSQL connector; the server must be reachable from there, so let it ask for SSL | no |

A name that does not begin with `bi_` is not for BI.
"""

QUERIES = """## Queries to begin with

Where every key result stands:

```sql
select objective, key_result, baseline, value, target, progress, expected_progress, status, explanation
from bi_key_results
where quarter = '2026-Q2'
order by objective, key_result
```

How the quarter went, a line for each key result:

```sql
select as_of_date, key_result, value, progress, expected_progress, status
from bi_key_results_daily
where quarter = '2026-Q2'
order by as_of_date, key_result
```

A metric as it grows over the quarter, with the range that chance alone explains:

```sql
select metric_date, value, value_low, value_high
from bi_metrics_daily
where metric = 'returning_customer_rate' and segment = '' and window_kind = 'quarter_to_date'
order by metric_date
```

What sold, and what came back, in a month:

```sql
select product_type, currency, sum(quantity) as units, sum(sales_reversals) as came_back, sum(net_sales) as net_sales
from bi_product_sales_daily
where sales_date between '2026-04-01' and '2026-04-30'
group by product_type, currency
order by sum(net_sales) desc
```

New and returning customers, by the campaign of the last visit:

```sql
select utm_campaign, customer_type, count(*) as orders, count(distinct customer_id) as customers
from bi_orders
where processed_date >= '2026-04-01'
group by utm_campaign, customer_type
order by count(*) desc
```

The session funnel of people, day by day:

```sql
select sessions_date, sum(sessions) as sessions, sum(reached_checkout) as reached, sum(completed_checkout) as completed
from bi_sessions_daily
where bots_excluded
group by sessions_date
order by sessions_date
```

Before you trust any of it, what is missing:

```sql
select shop, connector, covered_from, covered_to, gap, denied
from bi_coverage
order by shop, connector
```
"""


def page() -> list[str]:
    """Its parts, in order."""
    return [INTRODUCTION, CONNECTING, QUERIES, *map(_view, contract())]


def contract() -> list[View]:
    """The views BI may rely on; helper views have no `bi_`."""
    return [view for view in views("sqlite") if view.name.startswith("bi_")]


def _view(view: View) -> str:
    rows = [f"| `{name}` | {comment} |" for name, comment in view.columns]
    return "\n".join([f"## {view.name}", "", view.sentence, "", "| column | meaning |", "|---|---|", *rows])
