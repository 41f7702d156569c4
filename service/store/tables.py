"""Every table, on one page.

Source tables hold what Shopify said, converted once; facts and readings are derived and can be rebuilt from them.
Every key begins with `shop_id`, and every child key keeps its `order_id`, so many shops share one database and a
distributed PostgreSQL can shard it. Times are UTC instants, dates are shop days, money is integer minor units of the
shop's currency. No name, e-mail, phone or address has a column anywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.engine import Dialect

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcInstant(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; SQLite keeps it as sortable text `2026-10-01T08:30:00Z`.

    SQLite has no instant type and SQLAlchemy's DateTime would drop the offset silently. Whole seconds, as Shopify
    sends them, and our own clocks cut to microseconds only where they are present.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(String(27) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored as an instant: {value!r}")
        return instant_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


def instant_text(value: datetime) -> str:
    """`2026-10-01T08:30:00Z`, the form Shopify sends and SQLite keeps."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class ExactDecimal(TypeDecorator[Decimal]):
    """A Decimal kept exactly: NUMERIC on PostgreSQL, text on SQLite (whose NUMERIC is a float)."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        from sqlalchemy import Numeric

        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return format(value, "f") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


def _key(name: str, kind: Any = BigInteger) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _must(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _customer(name: str, **options: Any) -> Column[Any]:
    """A column that holds a customer's id; below zero a surrogate for one who was redacted."""
    return Column(name, BigInteger, autoincrement=False, info={"customer": True}, **options)


# --- what Shopify said ---------------------------------------------------------------------------------------------

shops = Table(
    "shops",
    metadata,
    _key("shop_id"),
    _must("domain", Text),
    _must("timezone", Text),  # the one all shop days here are computed in
    _must("currency", Text),
    _must("currency_exponent", Integer),
    _must("created_at", UtcInstant),
    _must("plan", Text),
    _must("scopes", Text),  # granted, space separated
    _must("seen_at", UtcInstant),
    _must("history_is_cut", Boolean),  # orders older than 60 days are hidden from us
)

denied_parts = Table(
    "denied_parts",
    metadata,
    _key("shop_id"),
    _key("part", Text),  # connector.part, as orders.journey
    _must("denied_at", UtcInstant),  # since then it is left out of what is read
)

orders = Table(
    "orders",
    metadata,
    _key("shop_id"),
    _key("order_id"),
    _must("order_name", Text),
    _must("created_at", UtcInstant),
    _must("processed_at", UtcInstant),
    _must("processed_date", Date),  # the order day
    _must("updated_at", UtcInstant),
    Column("cancelled_at", UtcInstant),
    Column("closed_at", UtcInstant),
    Column("deleted_at", UtcInstant),  # noticed gone at Shopify
    _must("is_test", Boolean),
    _must("is_edited", Boolean),
    _must("is_b2b", Boolean),
    _customer("customer_id"),
    Column("financial_status", Text),
    Column("return_status", Text),
    Column("cancel_reason", Text),
    Column("source_name", Text),
    Column("app_id", BigInteger),
    Column("channel", Text),
    Column("discount_code", Text),  # the first one, lower case
    Column("checkout_token", Text),
    _must("currency", Text),
    _must("presentment_currency", Text),
    _must("is_taxes_included", Boolean),
    _must("original_total_minor", BigInteger),
    _must("current_total_minor", BigInteger),
    _must("refunded_minor", BigInteger),
    _must("is_journey_ready", Boolean),
    Column("first_referrer", Text),
    Column("first_utm_source", Text),
    Column("first_utm_medium", Text),
    Column("first_utm_campaign", Text),
    Column("referrer", Text),  # of the last visit
    Column("utm_source", Text),
    Column("utm_medium", Text),
    Column("utm_campaign", Text),
    # A customer's history in order (order numbers); also the way from a customer to what must be refreshed.
    Index(None, "shop_id", "customer_id", "processed_at"),
    Index(None, "shop_id", "processed_date"),
    # Counted over a stretch of creation time, to be compared with Shopify's own count.
    Index(None, "shop_id", "created_at", "deleted_at"),
)

order_agreements = Table(
    "order_agreements",
    metadata,
    _key("shop_id"),
    _key("order_id"),
    _key("agreement_id"),
    _must("happened_at", UtcInstant),
    _must("event_date", Date),  # the order day when it placed the order, else the shop day of happened_at
    _must("reason", Text),
    _must("is_placing", Boolean),
    # Finds the order of a ledger line whose agreement was read long before it.
    Index(None, "shop_id", "agreement_id"),
)

order_sales = Table(
    "order_sales",
    metadata,
    _key("shop_id"),
    _key("order_id"),
    _key("sale_id"),
    _must("agreement_id", BigInteger),
    _must("event_date", Date),
    _must("is_placing", Boolean),
    _must("action_type", Text),
    _must("line_type", Text),
    Column("quantity", BigInteger),
    Column("product_type", Text, info={"keep": True}),  # copied when read; null once the product is deleted
    Column("vendor", Text, info={"keep": True}),
    _must("is_subscription", Boolean),
    # Signed as Shopify signs them.
    _must("total_minor", BigInteger),
    _must("tax_minor", BigInteger),
    _must("discount_minor", BigInteger),
    # Sorted into the columns of the sales report: discounts and reversals are positive numbers.
    _must("gross_sales_minor", BigInteger),
    _must("discounts_minor", BigInteger),
    _must("sales_reversals_minor", BigInteger),
    _must("shipping_minor", BigInteger),
    _must("taxes_minor", BigInteger),
    _must("fees_minor", BigInteger),
    Index(None, "shop_id", "event_date"),
)

customer_aliases = Table(
    "customer_aliases",
    metadata,
    _key("shop_id"),
    _customer("customer_id", primary_key=True),  # merged away at Shopify
    _customer("merged_into", nullable=False),  # as it was noticed
    _customer("kept_id", nullable=False),  # whom that leads to, merge after merge
    _must("noticed_at", UtcInstant),
    Index(None, "shop_id", "kept_id"),
)

customer_moves = Table(
    "customer_moves",
    metadata,
    _key("shop_id"),
    _customer("customer_id", primary_key=True),  # whose order came back in another name: is to be asked about
    _customer("moved_to", primary_key=True),  # each of the names
)

# Kept when Shopify purges them, so what is known of one may be all that ever will be.
checkouts = Table(
    "checkouts",
    metadata,
    _key("shop_id"),
    _key("checkout_id"),
    _must("created_at", UtcInstant),
    _must("created_date", Date),
    _must("updated_at", UtcInstant),
    Column("completed_at", UtcInstant),  # recovered
    _must("currency", Text),  # the shop's when it was read
    _must("total_minor", BigInteger),
    Index(None, "shop_id", "created_date"),
)

# Which values of orders.source_name mean the shop's online checkout: a setting, kept where the metrics can see it.
online_sources = Table(
    "online_sources",
    metadata,
    _key("shop_id"),
    _key("source_name", Text),
)

# Sessions as Shopify counts them today; a day is replaced as a whole, and one without sessions has a row of zeros.
session_days = Table(
    "session_days",
    metadata,
    _key("shop_id"),
    _key("sessions_date", Date),  # the shop day the sessions began on
    _key("bots_excluded", Boolean),  # people only; else bots too
    # Empty where Shopify knows none.
    _key("referrer_source", Text),
    _key("utm_source", Text),
    _key("utm_medium", Text),
    _key("utm_campaign", Text),
    _key("device", Text),
    _must("sessions", BigInteger),
    _must("with_cart_additions", BigInteger),
    _must("reached_checkout", BigInteger),
    _must("completed_checkout", BigInteger),  # also where checkout was reached in an earlier session
    _must("reached_and_completed", BigInteger),  # both in this session
)

# --- what people said ----------------------------------------------------------------------------------------------

ad_spend = Table(
    "ad_spend",
    metadata,
    _key("shop_id"),
    _key("spend_date", Date),  # the shop day the money went on
    # What it bought: visits that carry these values; empty where the spend is not told apart by them.
    _key("utm_source", Text),
    _key("utm_medium", Text),
    _key("utm_campaign", Text),
    _key("initiative_id", Text),  # of an OKR file, whose spend is spread over its days; empty: imported
    _must("amount_minor", BigInteger),
    _must("currency", Text),
    Column("imported_at", UtcInstant, nullable=False, info={"told_apart": False}),
)

# --- derived from it, and rebuilt from it at will ------------------------------------------------------------------

order_facts = Table(
    "order_facts",
    metadata,
    _key("shop_id"),
    _key("order_id"),
    _must("order_date", Date),
    _customer("customer_id"),  # the kept one, after merges
    Column("nth", Integer),  # the customer's order number, from 1; null without a customer
    Column("prev_date", Date),  # order day of that customer's previous counted order
    # At order time, PRODUCT lines only.
    _must("gross_sales_minor", BigInteger),
    _must("discounts_minor", BigInteger),
    _must("units", BigInteger),
    _must("is_subscription", Boolean),
    Index(None, "shop_id", "order_date"),
    Index(None, "shop_id", "customer_id"),
)

# --- where we are --------------------------------------------------------------------------------------------------

watermarks = Table(
    "watermarks",
    metadata,
    _key("shop_id"),
    _key("connector", Text),
    _must("position", UtcInstant),
    _must("moved_at", UtcInstant),
    Column("read_before", Date),  # the shop day the position lies in: those before it are over and read
    Column("overdue_at", UtcInstant),  # when a position that has not moved on by then is later than its schedule allows
)

backfill_slices = Table(
    "backfill_slices",
    metadata,
    _key("shop_id"),
    _key("connector", Text),
    _key("slice_from", UtcInstant),
    _must("slice_to", UtcInstant),
    # Orders created before this were hidden from us when the slice was planned; else the slice's own beginning.
    _must("visible_from", UtcInstant),
    _must("planned_at", UtcInstant),
    _must("expected_rows", BigInteger),  # Shopify's own count when the slice was planned
    Column("operation_id", Text),  # bulk operation that is reading it
    Column("rows", BigInteger),  # root objects landed
    Column("verified_at", UtcInstant),
)

sync_runs = Table(
    "sync_runs",
    metadata,
    _key("shop_id"),
    _key("run_id", Text),
    _must("connector", Text),
    _must("kind", Text),  # connect, backfill, incremental
    _must("started_at", UtcInstant),
    Column("finished_at", UtcInstant),
    _must("outcome", Text),  # running, done, interrupted, rests, failed
    _must("rows", BigInteger),
    _must("rows_changed", BigInteger),
    Column("watermark_before", UtcInstant),
    Column("watermark_after", UtcInstant),
    Column("error", Text),
)

pending_work = Table(
    "pending_work",
    metadata,
    _key("shop_id"),
    # Earliest shop day whose answers may differ since they were last measured; null: nothing to do.
    Column("measure_from", Date),
    # The same, as far as the days themselves are not written down in the tables of changes below.
    Column("measure_all_from", Date),
    # Raised by every note, so that who clears one knows that none was added meanwhile; numbers the changes too.
    Column("notes", BigInteger, nullable=False, server_default="0"),
    # Facts must be rebuilt (a backfill landed rows) before anything is measured.
    _must("is_facts_stale", Boolean),
)

# What changed since the readings were made: sums over rows change by the sums over these. A row as it counted before
# (`is_new` false) and as it counts now; `batch` is the note it came with.

order_fact_changes = Table(
    "order_fact_changes",
    metadata,
    _key("shop_id"),
    _key("batch"),
    _key("order_id"),
    _key("is_new", Boolean),
    _must("order_date", Date),
    _must("has_customer", Boolean),
    Column("nth", Integer),
    Column("prev_date", Date),
    _must("gross_sales_minor", BigInteger),
    _must("discounts_minor", BigInteger),
    _must("units", BigInteger),
)

order_sale_changes = Table(
    "order_sale_changes",
    metadata,
    _key("shop_id"),
    _key("batch"),
    _key("order_id"),
    _key("sale_id"),
    _key("is_new", Boolean),
    _must("event_date", Date),
    _must("gross_sales_minor", BigInteger),
    _must("discounts_minor", BigInteger),
    _must("sales_reversals_minor", BigInteger),
    _must("shipping_minor", BigInteger),
    _must("taxes_minor", BigInteger),
    _must("fees_minor", BigInteger),
)

changed_days = Table(
    "changed_days",
    metadata,
    _key("shop_id"),
    _key("batch"),
    _key("basis", Text),  # what the day dates: order_day, event_day, session_day, …
    _key("day", Date),
    _key("cause", Text),  # as in restatements; empty: the source rows tell
)

metric_progress = Table(
    "metric_progress",
    metadata,
    _key("shop_id"),
    _key("metric", Text),
    _key("segment", Text),
    _must("metric_version", Integer),
    _must("measured_to", Date),
    Column("covered_from", Date),  # as it was then: other history, other answers; null: all of it
    _must("fiscal_year_start", Integer),
    _must("batch", BigInteger),  # the newest note whose changes are in the readings
)

reconciliations = Table(
    "reconciliations",
    metadata,
    _key("shop_id"),
    _key("day", Date),
    _key("figure", Text),
    _must("ours", ExactDecimal),  # money in the shop's currency
    _must("shopify", ExactDecimal),
    _must("difference", ExactDecimal),  # ours less Shopify's
    _must("cause", Text),  # empty: they agree and always did
    _must("checked_at", UtcInstant),
    Column("read_again_at", UtcInstant),  # when the day was read again because of this very difference
)

leases = Table(
    "leases",
    metadata,
    _key("shop_id"),
    _key("name", Text),
    _must("owner", Text),
    _must("expires_at", UtcInstant),
    _must("fence", BigInteger),
)

# --- privacy -------------------------------------------------------------------------------------------------------

redaction_keys = Table(
    "redaction_keys",
    metadata,
    _key("shop_id"),
    _must("key", Text),  # random; surrogates are made with it
)

redacted_customers = Table(
    "redacted_customers",
    metadata,
    _key("shop_id"),
    _key("surrogate_id"),
    _must("redacted_at", UtcInstant),
)

# --- what the numbers were -----------------------------------------------------------------------------------------

# Some tables keep every version of a row: it held from `observed_at` until `superseded_at`, and while that is null it
# still does. So anything can be told as it was known at a moment. See `versions.py`.


def _versions_of(*keys: Column[Any]) -> tuple[Any, ...]:
    """The key of a table of versions, and the one version that stands quickly found."""
    return (
        *keys,
        Column("observed_at", UtcInstant, primary_key=True, info={"told_apart": False}),
        Column("superseded_at", UtcInstant, info={"told_apart": False}),
    )


def _one_stands(table: str, *names: str) -> Index:
    """A unique index over the versions that stand."""
    stands = text("superseded_at is null")
    return Index(f"ix_{table}_standing", *names, unique=True, sqlite_where=stands, postgresql_where=stands)


metric_readings = Table(
    "metric_readings",
    metadata,
    *_versions_of(
        _key("shop_id"),
        _key("metric", Text),
        _key("segment", Text),
        _key("window_kind", Text),  # day, quarter_to_date, trailing_28d, as_of
        _key("metric_date", Date),
    ),
    _must("metric_version", Integer),
    _must("unit", Text),
    Column("value", ExactDecimal),
    Column("numerator", ExactDecimal),
    Column("denominator", ExactDecimal),
    Column("value_low", ExactDecimal),
    Column("value_high", ExactDecimal),
    Column("squares", ExactDecimal),  # of the values behind an average, in minor units: what its interval is made of
    _one_stands("metric_readings", "shop_id", "metric", "segment", "window_kind", "metric_date"),
)

# --- what was promised and how it was judged -----------------------------------------------------------------------

plan_states = Table(
    "plan_states",
    metadata,
    *_versions_of(_key("shop_id"), _key("quarter", Text)),
    _must("state", Text),  # draft, active, waiting (for its close), closed
    _must("because", Text),
    Column("waits_at", UtcInstant),  # from when on it waits for its close, whoever looks; null unless it is open
    _one_stands("plan_states", "shop_id", "quarter"),
)

key_results = Table(
    "key_results",
    metadata,
    *_versions_of(_key("shop_id"), _key("quarter", Text), _key("key_result_id", Text)),
    _must("objective_id", Text),
    _must("objective", Text),
    Column("objective_owner", Text),
    _must("key_result", Text),
    Column("owner", Text),
    _must("position", Integer),  # order in the file
    _must("metric", Text),
    _must("metric_version", Integer),
    _must("segment", Text),
    _must("population", Text),
    _must("window_kind", Text),
    _must("unit", Text),
    Column("currency", Text),
    Column("direction", Text),  # increase, decrease
    _must("weight", ExactDecimal),
    _must("baseline_rule", Text),
    _must("target_rule", Text),
    Column("baseline", ExactDecimal),
    Column("baseline_observed_at", UtcInstant),
    Column("target", ExactDecimal),
    _must("definition", Text),  # canonical text of all that baseline and target depend on
    Column("form", Text),  # reach, at_least, at_most, keep_between, milestone
    Column("stretch", ExactDecimal),
    Column("commitment", Text),  # committed, aspirational
    Column("pace", Text),  # what is expected by: linear, phased, seasonal and as when
    Column("confidence", ExactDecimal),  # its owner's, when the quarter was planned
    Column("target_reason", Text),  # why the target was last changed while the quarter ran
    Column("held_back", Text),  # what the file says now and was not accepted
    _one_stands("key_results", "shop_id", "quarter", "key_result_id"),
)

_READING = (
    ("value", ExactDecimal),
    ("value_low", ExactDecimal),
    ("value_high", ExactDecimal),
    ("attainment", ExactDecimal),
    ("progress", ExactDecimal),
    ("expected_progress", ExactDecimal),
)

key_result_readings = Table(
    "key_result_readings",
    metadata,
    *_versions_of(_key("shop_id"), _key("quarter", Text), _key("key_result_id", Text), _key("as_of_date", Date)),
    *(Column(name, kind) for name, kind in _READING),
    _must("status", Text),
    _must("explanation", Text),
    # Of the data the answer was found in; the same answer from newer data is no new answer.
    Column("data_as_of", UtcInstant, info={"told_apart": False}),
    # After this moment the reading no longer tells how things stand now; null: the quarter's last word.
    Column("fresh_until", UtcInstant),
    _one_stands("key_result_readings", "shop_id", "quarter", "key_result_id", "as_of_date"),
)

key_result_values = Table(
    "key_result_values",
    metadata,
    _key("shop_id"),
    _key("quarter", Text),
    _key("key_result_id", Text),
    _key("on_date", Date),  # the shop day it holds from
    _key("set_at", UtcInstant),  # of several for one day the last holds
    _must("value", ExactDecimal),
    _must("note", Text),
)

check_ins = Table(
    "check_ins",
    metadata,
    _key("shop_id"),
    _key("quarter", Text),
    _key("key_result_id", Text),
    _key("checked_in_at", UtcInstant),  # the scheduled moment it answers; when it was written, if by hand
    _must("published_at", UtcInstant),
    _must("is_by_hand", Boolean),
    _must("as_of_date", Date),
    *(Column(name, kind) for name, kind in _READING),
    Column("baseline", ExactDecimal),
    Column("target", ExactDecimal),
    _must("status", Text),
    _must("explanation", Text),
    Column("confidence", ExactDecimal),
    Column("note", Text),
    Column("data_as_of", UtcInstant),
)

status_changes = Table(
    "status_changes",
    metadata,
    _key("shop_id"),
    _key("quarter", Text),
    _key("key_result_id", Text),
    _key("changed_at", UtcInstant),
    Column("old_status", Text),
    _must("new_status", Text),
    _must("as_of_date", Date),
    _must("explanation", Text),
)

target_changes = Table(
    "target_changes",
    metadata,
    _key("shop_id"),
    _key("quarter", Text),
    _key("key_result_id", Text),
    _key("changed_at", UtcInstant),
    Column("old_baseline", ExactDecimal),
    Column("new_baseline", ExactDecimal),
    Column("old_target", ExactDecimal),
    Column("new_target", ExactDecimal),
    _must("old_definition", Text),
    _must("new_definition", Text),
    _must("reason", Text),
)

closings = Table(
    "closings",
    metadata,
    _key("shop_id"),
    _key("quarter", Text),
    _key("key_result_id", Text),
    _must("closed_at", UtcInstant),
    _must("as_of_date", Date),
    *(Column(name, kind) for name, kind in _READING),
    _must("status", Text),  # achieved, partly_achieved, missed, or why there is no verdict
    _must("explanation", Text),
    Column("final_score", ExactDecimal),  # the progress, or what a person gave in its place
    Column("score_reason", Text),  # why a person gave another
    Column("root_cause", Text),  # from the closed list in `okr/lifecycle.py`
    Column("learning", Text),
    _must("next_step", Text),  # carry, modify, drop
    Column("data_as_of", UtcInstant),
)

restatements = Table(
    "restatements",
    metadata,
    _key("shop_id"),
    _key("about", Text),  # metric, key_result
    _key("name", Text),  # the metric's id, or the key result's
    _key("quarter", Text),  # of a key result; else empty
    _key("segment", Text),  # of a metric; else empty
    _key("window_kind", Text),  # of a metric; else empty
    _key("restated_date", Date),
    _key("observed_at", UtcInstant),
    Column("old_value", ExactDecimal),
    Column("new_value", ExactDecimal),
    Column("old_attainment", ExactDecimal),
    Column("new_attainment", ExactDecimal),
    Column("old_status", Text),
    Column("new_status", Text),
    # late_order, late_refund, late_return, edit, deletion, merge, customer, spend, several, data (not known which),
    # definition, history, calendar, target_change
    _must("cause", Text),
    Index(None, "shop_id", "observed_at"),
)

metric_definitions = Table(
    "metric_definitions",
    metadata,
    _key("shop_id"),
    _key("metric", Text),  # one that is not okrsync's own
    _key("metric_version", Integer),
    _must("fingerprint", Text),  # of all that its numbers depend on
    _must("first_used_at", UtcInstant),
)

# --- what is to be expected ----------------------------------------------------------------------------------------

forecasts = Table(
    "forecasts",
    metadata,
    *_versions_of(
        _key("shop_id"),
        _key("quarter", Text),
        _key("key_result_id", Text),
        _key("as_of_date", Date),  # made with the data up to this day, it included
    ),
    Column("forecast", ExactDecimal),  # value at the quarter's end; null: there is none, and `method` says why
    Column("forecast_low", ExactDecimal),  # 80 % interval
    Column("forecast_high", ExactDecimal),
    Column("target", ExactDecimal),  # as it stood
    Column("probability", ExactDecimal),  # of reaching it; null without a target
    _must("method", Text),
    _must("history_days", Integer),
    _one_stands("forecasts", "shop_id", "quarter", "key_result_id", "as_of_date"),
)

forecast_calibrations = Table(
    "forecast_calibrations",
    metadata,
    _key("shop_id"),
    _key("metric", Text),
    _key("segment", Text),
    _key("population", Text),
    _key("window_kind", Text),
    _key("horizon_days", Integer),  # that were left of the past quarter when it was forecast
    _must("metric_version", Integer),
    _must("judged_to", Date),  # last day of the newest past quarter
    _must("judged", Integer),  # past quarters forecast at this horizon
    _must("held", Integer),  # outcomes within the 80 % interval
    # Mean absolute error, as a part of what two naive forecasts make; null where those were never wrong.
    Column("error_of_pace", ExactDecimal),  # the quarter's days so far, carried on
    Column("error_of_recent", ExactDecimal),  # the last 28 days, carried on
    Column("brier", ExactDecimal),  # mean squared error of the probability
    Column("observed_at", UtcInstant, nullable=False, info={"told_apart": False}),
)

# --- housekeeping: outlives every shop -----------------------------------------------------------------------------

privacy_audit = Table(
    "privacy_audit",
    metadata,
    _key("audit_id", Text),
    _must("shop", Text),  # its domain: nothing here names a person
    _must("action", Text),  # redact, export, wipe
    _must("acted_at", UtcInstant),
    _must("row_counts", Text),  # by table
)

# --- housekeeping: not about any shop ------------------------------------------------------------------------------

view_definitions = Table(
    "view_definitions",
    metadata,
    _key("name", Text),
    _must("body", Text),  # the text a BI view was made from, so that an unchanged one keeps its grants
)
