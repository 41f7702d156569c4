"""What a metric's text may say, and that nothing else gets past: no table, no function, no second statement."""

from __future__ import annotations

import pytest

from service.metrics.catalogue import catalogue
from service.metrics.families import SOURCES
from service.metrics.language import MOST_NESTED, read, words

SELECT = "select metric_date, count(*) as numerator from counted_orders"


@pytest.mark.parametrize("metric_id", list(catalogue()))
def test_all_metrics_of_the_catalogue_are_written_in_it(metric_id: str) -> None:
    metric = catalogue()[metric_id]
    assert read(metric.text, SOURCES) == metric.words & set(SOURCES)


@pytest.mark.parametrize(
    "text",
    [
        f"{SELECT} where units between 1 and 3 and nth not in (1, 2) group by metric_date having count(*) > 1",
        f"{SELECT} where customer_id in (select customer_id from counted_orders where nth = 1) group by metric_date",
        f"{SELECT} as o left outer join counted_sales as s on s.order_id = o.order_id",
        f"{SELECT} where not exists (select 1 from counted_sales as s where s.order_id = order_id)",
        "select metric_date, sum(case when units > 1 then units else -units end) as numerator from counted_orders",
        "select metric_date, sum(case nth when 1 then 1 when 2 then 2 end) as numerator from counted_orders",
        "select metric_date, count(distinct customer_id) filter (where nth is not null) as numerator\n"
        "from counted_orders -- a comment; with 'anything' in it /* even this */\ngroup by metric_date",
        "select metric_date, sum(cast(units as double precision) * units) as squares from counted_orders",
        f"{SELECT} where coalesce(prev_date, '2026-01-01') < window_start",
        f"{SELECT} where order_date between prev_date and '2027-01-01' or prev_date in (window_start, '2026-01-01')",
        f"{SELECT} where order_date = (select max(o.order_date) as last_date from counted_orders as o)",
        "select a.metric_date, min(coalesce(nullif(a.units, 0), abs(-1))) as numerator from (\n"
        "    select distinct metric_date, units from counted_orders where 'it''s' <> ''\n"
        "    union\n    select metric_date, 0 from counted_sales\n) as a group by a.metric_date",
    ],
)
def test_what_may_be_said(text: str) -> None:
    assert read(text, SOURCES) <= set(SOURCES)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # another statement
        (f"{SELECT}; delete from orders", "cannot hold ';'"),
        (f"{SELECT} /* ; */ ", "cannot hold '/'"),
        (f"{SELECT} --\r; delete from orders", "cannot hold"),
        ("delete from orders", "select is expected"),
        ("attach 'x.db' as x", "select is expected"),
        ("pragma journal_mode", "select is expected"),
        ("with gone as (delete from orders returning 1) select 1 as numerator from gone", "select is expected"),
        (f"{SELECT} where exists (delete from orders returning order_id)", "select is expected"),
        (f"{SELECT} union all table pg_authid", "'union' after the select"),
        (f"{SELECT} into outfile", "'into' after"),
        (f"{SELECT} for update", "'for' after"),
        # another table
        ("select metric_date, 1 as numerator from orders", "reading 'orders'"),
        ("select metric_date, 1 as numerator from counted_orders, orders", "',' after"),
        (f"{SELECT} cross join order_facts", "reading 'order_facts'"),
        (f"{SELECT} where 1 in (select 1 as one from pg_catalog.pg_authid)", "reading 'pg_catalog'"),
        (
            "select metric_date, 1 as table, 2 as pg_authid from counted_orders union table pg_authid",
            "'union' after the select",
        ),
        ("select distinct from pg_authid", "a name is expected"),
        ('select metric_date, 1 as numerator from "orders"', "cannot hold '\"'"),
        (
            "select metric_date from (select metric_date from counted_orders union table orders) as x",
            "select is expected",
        ),
        ("select a.x from (select 1 as x) as a", "from is expected"),
        # a function that acts, waits or looks around
        ("select metric_date, nextval('runs') as numerator from counted_orders", "'nextval' is not"),
        ("select metric_date, setval('runs', 1) as numerator from counted_orders", "'setval' is not"),
        ("select metric_date, pg_sleep(60) as numerator from counted_orders", "'pg_sleep' is not"),
        ("select metric_date, pg_catalog.pg_sleep(60) as numerator from counted_orders", "'(' is not"),
        (f"{SELECT} where set_config('search_path', 'x', false) = ''", "'set_config' is not"),
        (f"{SELECT} where load_extension('evil') is null", "'load_extension' is not"),
        (f"{SELECT} where query_to_xml('drop table orders', true, true, '') is null", "'query_to_xml' is not"),
        (f"{SELECT} cross join generate_series(1, 1000000000)", "reading 'generate_series'"),
        (f"{SELECT} cross join pragma_table_list", "reading 'pragma_table_list'"),
        ("select metric_date, 1 as numerator from pg_read_file('/etc/passwd')", "reading 'pg_read_file'"),
        ("select current_user as metric_date, 1 as numerator from counted_orders", "depends on the data alone"),
        (f"{SELECT} where metric_date < current_date", "depends on the data alone"),
        (f"{SELECT} where counted_orders.current_user = ''", "depends on the data alone"),
        # what the two databases read differently
        (f"{SELECT} where 1 = E'\\\\'' or ''", "cannot hold 'E'"),
        (f"{SELECT} where 1 = e'\\\\'' or ''", "cannot hold"),
        (f"{SELECT} where $$x$$ = ''", "cannot hold '$'"),
        (f"{SELECT} where 'a\\' = '", "cannot hold"),
        (f"{SELECT} where units = 1.5", "cannot hold '1'"),
        (f"{SELECT} where units = 0x1f", "cannot hold '0'"),
        (f"{SELECT} where units / 2 = 1", "cannot hold '/'"),
        (f"{SELECT} where '1'::int = 1", "cannot hold ':'"),
        (f"{SELECT} where cast('orders' as regclass) is null", "'regclass' is not"),
        (f"{SELECT} limit 1", "'limit' after"),
        (f"{SELECT} where order_date - prev_date > 90", "days and texts are only compared"),
        (f"{SELECT} where prev_date < metric_date - 90", "days and texts are only compared"),
        (f"{SELECT} where prev_date < window_start + units", "days and texts are only compared"),
        (f"{SELECT} where -(coalesce(prev_date, order_date)) < 0", "days and texts are only compared"),
        (f"{SELECT} where case when nth = 1 then order_date end * 1 > 0", "days and texts are only compared"),
        (
            f"{SELECT} where (select min(order_date) from counted_orders) + 7 > order_date",
            "days and texts are only compared",
        ),
        (f"{SELECT} where order_date between prev_date and prev_date + 30", "days and texts are only compared"),
        (f"{SELECT} where order_date > 20260701", "to compare a day with a number"),
        (f"{SELECT} where 1 in (order_date)", "to compare a day with a number"),
        (f"{SELECT} where units = '1'", "to compare a text with a number"),
        (f"{SELECT} where cast('1.5' as double precision) > units", "days and texts are only compared"),
        (f"{SELECT} where sum(order_date) > 1", "days and texts are only compared"),
        ("select metric_date, max('a') as numerator from counted_orders", "texts are only compared"),
        ("select metric_date, max(order_date) as numerator from counted_orders", "of nothing else, ends in _date"),
        (
            "select metric_date, d - 1 as n from (select metric_date, order_date as d from counted_orders) as o",
            "ends in _date",
        ),
        ("select metric_date, 1 as n from (select order_id as metric_date from counted_orders) as o", "ends in _date"),
        (
            "select metric_date, 1 as n from (select metric_date from counted_orders union all"
            " select units from counted_orders) as o",
            "columns of another kind",
        ),
        ("select *, 1 as numerator from counted_orders", "'*' is not"),
        ("select metric_date, count(*) over (order by metric_date) as numerator from counted_orders", "'over' is not"),
        ("select metric_date, 1 as select from counted_orders", "a name is expected"),
        (f"{SELECT} where ", "'the end' is not"),
        ("", "select is expected"),
    ],
)
def test_what_may_not_be_said(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^line \d+: ") as refused:
        read(text, SOURCES)
    assert told in str(refused.value)


def test_brackets_end() -> None:
    def nested(times: int) -> str:
        return f"{SELECT} where {'(' * times}1 = 1{')' * times}"

    assert read(nested(MOST_NESTED), SOURCES)
    for times in (MOST_NESTED + 1, 100_000):
        with pytest.raises(ValueError, match="so many brackets"):
            read(nested(times), SOURCES)


def test_a_text_says_the_same_however_it_is_laid_out() -> None:
    assert words("select  a, -- why\n 'x  y' from b") == ["select", "a", ",", "'x  y'", "from", "b"]
