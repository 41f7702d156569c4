"""What other people and tools call by the same name: why their number differs from ours, and how theirs is counted.

Each is answered on the same days and the same data, by a metric of the catalogue or by a text of `readings/`. Steps
lead from our two parts to theirs; what no metric tells of a part is what is left of the difference, so they add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from service.metrics.catalogue import DateBasis, Metric, catalogue, load
from service.values import Population

Part = Literal["numerator", "denominator"]


@dataclass(frozen=True, slots=True)
class Step:
    """What the other reading adds to a part of ours, or takes away."""

    part: Part
    words: str
    metric: str = ""  # whose numerator it is; else all that the other steps leave
    sign: int = 1


@dataclass(frozen=True, slots=True)
class OtherReading:
    """A number that goes by the name of ours."""

    metric: str  # what answers it: an id of the catalogue, or of a text in `readings/`
    read_by: str
    source: str
    differs: str
    steps: Sequence[Step] = ()  # none: it counts other things, and no steps lead there
    dated_by: DateBasis | None = None  # None: as the metric is
    population: Population | None = None  # None: as ours is asked

    @property
    def title(self) -> str:
        """The metric's, and how it is asked otherwise than ours."""
        by_order_day = ", by the day of the order" if self.dated_by == "order_day" else ""
        kept = ", of kept orders" if self.population == "kept" else ""
        return f"{self.definition().title}{by_order_day}{kept}"

    def definition(self) -> Metric:
        """The metric that answers it."""
        found = by_id(self.metric)
        return replace(found, date_basis=self.dated_by) if self.dated_by else found


def by_id(id_: str) -> Metric:
    """The text of `readings/` by that id, or the metric."""
    return texts().get(id_) or catalogue()[id_]


@cache
def texts() -> Mapping[str, Metric]:
    """Readings that are no metric of ours, and what their steps are counted by; by id."""
    return load(sorted((Path(__file__).parent / "readings").glob("*.sql")))


_COMPLETION = "https://community.shopify.com/c/ecommerce-marketing/quot-sessions-that-completed-checkout-quot-does-not-equal-quot/td-p/2972160"
_REPORTS = "https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types"
_CUSTOMERS = f"{_REPORTS}/default-reports/customers-reports"
_FIELDS = f"{_REPORTS}/analytics-fields"
_TRIPLE_WHALE = "https://triplewhale.readme.io/docs"
_UNKNOWN = f"{_TRIPLE_WHALE}/why-is-my-new-vs-returning-customer-count-different-in-triple-whale-vs-shopify"
_BY_ORDER_DAY = f"{_TRIPLE_WHALE}/why-does-my-total-sales-in-shopify-not-match-my-total-sales-in-triple-whale"
_DAASITY = "https://support.daasity.com/knowledge/new-vs.-returning-customer-counts"
_LOOKBACK = (
    "https://getswitchboardapp.com/blog/"
    "how-different-lookback-periods-can-really-change-how-loyal-repeat-customers-are-measured/"
)
_AOV_OF_2023 = "https://changelog.shopify.com/posts/your-average-order-value-now-has-a-new-definition-in-shopify"

_EDITED = Step("numerator", "products that later edits added on these days")
_TAKEN_BACK = Step("numerator", "taken back on these days, whenever it was ordered", "sales_reversals", -1)
_BOTH = "sessions that reached and completed, in Shopify's words"
_NO_CUSTOMER = "orders without a customer"
_STAGES = "sessions with cart additions that did not reach the checkout, less those that reached it without any"

_CUSTOMERS_OF_THE_WINDOW = OtherReading(
    "returning_customer_rate", "Shopify", _CUSTOMERS,
    "Customers count, not orders, and only those who ordered on these days.",
)  # fmt: skip
_ALL_ORDERS = OtherReading(
    "returning_share_of_all_orders", "Triple Whale", _UNKNOWN,
    "Orders count, and those without a customer are taken for a first one; nobody is matched by e-mail or phone here.",
)  # fmt: skip
_KNOWN_ORDERS = OtherReading(
    "returning_order_rate", "the orders that Shopify can classify", _UNKNOWN, "Orders count, not customers."
)
_FROM_CUSTOMERS = (
    Step("numerator", "further returning orders of the same customers"),
    Step("denominator", "further orders of the same customers"),
)


def _by_order_day(earlier: str) -> OtherReading:
    """The metric itself, with each ledger entry dated by its order."""
    return OtherReading(
        earlier.removesuffix("_of_earlier_orders"), "Triple Whale", _BY_ORDER_DAY,
        "Returns, refunds and edits are dated back to the day of their order, so past days go on changing.",
        (
            Step("numerator", "changes on these days to orders placed before them, dated back", earlier, -1),
            Step("numerator", "changes on other days to orders placed on these"),
        ),
        dated_by="order_day",
    )  # fmt: skip


def _kept(metric: str, words: str) -> OtherReading:
    """The metric itself, of orders that were kept."""
    told = "Cancelled and voided orders never were; nor were fraudulent ones and gift cards alone, which count here."
    return OtherReading(metric, "Daasity", _DAASITY, told, (Step("numerator", words),), population="kept")


OTHER_READINGS: Mapping[str, Sequence[OtherReading]] = {
    "returning_customer_rate": (
        replace(_KNOWN_ORDERS, steps=_FROM_CUSTOMERS),
        replace(
            _ALL_ORDERS,
            steps=(*_FROM_CUSTOMERS, Step("denominator", _NO_CUSTOMER, "unidentified_order_share")),
        ),
        OtherReading(
            "repeat_purchase_rate", "a look back over all history", _LOOKBACK,
            "All customers so far stand below the line, whether they ordered on these days or not.",
            (
                Step("numerator", "customers with two orders who did not come back on these days"),
                Step("denominator", "customers who ordered before these days only"),
            ),
        ),
    ),
    "returning_order_rate": (
        replace(
            _CUSTOMERS_OF_THE_WINDOW,
            steps=(
                Step("numerator", "returning orders beyond the first of a customer on these days"),
                Step("denominator", "orders beyond the first of a customer on these days"),
            ),
        ),
        replace(_ALL_ORDERS, steps=(Step("denominator", _NO_CUSTOMER),)),
    ),
    "repeat_purchase_rate": (
        replace(
            _CUSTOMERS_OF_THE_WINDOW,
            steps=(
                Step("numerator", "customers with two orders who did not come back on these days"),
                Step("denominator", "customers who ordered before these days only"),
            ),
        ),
        _KNOWN_ORDERS,
        _ALL_ORDERS,
    ),
    "repeat_customers": (
        OtherReading(
            "returning_customers", "Shopify", _CUSTOMERS,
            "Only customers who came back on these days count, not all who ever did.",
            (Step("numerator", "customers with two orders who did not come back on these days"),),
        ),
    ),
    "orders": (_kept("orders", "orders cancelled, voided or expired"),),
    "customers": (_kept("customers", "customers of cancelled, voided or expired orders only"),),
    "new_customers": (
        _kept("new_customers", "customers whose first order was cancelled, less those new by a later one"),
    ),
    "average_order_value": (
        OtherReading(
            "total_sales_per_order", "Shopify before 9 January 2023", _AOV_OF_2023,
            "Total sales are divided: with shipping, taxes and fees, and less what is taken back on these days.",
            (
                Step("numerator", "shipping", "shipping"),
                Step("numerator", "taxes", "taxes"),
                Step("numerator", "duties and fees", "fees"),
                _TAKEN_BACK,
                _EDITED,
            ),
        ),
        OtherReading(
            "average_net_order_value", "Peel, in its net variant", "https://help.peelinsights.com/docs/orders",
            "What is edited, returned or refunded on these days counts.",
            (_TAKEN_BACK, _EDITED),
        ),
    ),
    "net_sales": (_by_order_day("net_sales_of_earlier_orders"),),
    "total_sales": (_by_order_day("total_sales_of_earlier_orders"),),
    "sales_reversals": (_by_order_day("sales_reversals_of_earlier_orders"),),
    "checkout_completion_rate": (
        OtherReading(
            "checkout_completion_in_one_session", _BOTH, _COMPLETION,
            "A checkout completed in a later session than it was reached in does not count.",
            (Step("numerator", "sessions that completed a checkout reached in an earlier one"),),
        ),
    ),
    "checkout_abandonment_rate": (
        OtherReading(
            "checkout_abandonment_in_one_session", _BOTH, _COMPLETION,
            "A checkout completed in a later session than it was reached in counts as abandoned.",
            (Step("numerator", "sessions that completed a checkout reached in an earlier one"),),
        ),
        OtherReading(
            "cart_abandonment_rate", "the cart as the beginning", _FIELDS,
            "Sessions that put something into the cart stand below the line, not those that reached the checkout.",
            (Step("numerator", _STAGES), Step("denominator", _STAGES)),
        ),
    ),
    "cart_abandonment_rate": (
        OtherReading(
            "checkout_abandonment_rate", "Shopify, of its checkout", _COMPLETION,
            "Sessions that reached the checkout stand below the line.",
            (Step("numerator", _STAGES), Step("denominator", _STAGES)),
        ),
        OtherReading(
            "abandoned_checkout_rate", "Shopify's list of abandoned checkouts",
            "https://help.shopify.com/en/manual/orders/abandoned-checkouts",
            "Checkouts whose buyer left an address count, not visits: whoever leaves before is in no list.",
        ),
    ),
    "abandoned_checkout_rate": (
        OtherReading(
            "checkout_abandonment_rate", "Shopify's session reports", _COMPLETION,
            "Visits count, also those that left no address, and not checkouts.",
        ),
        OtherReading(
            "cart_abandonment_rate", "the cart as the beginning", _FIELDS,
            "Visits that put something into the cart count, and not checkouts.",
        ),
    ),
    "abandoned_checkouts": (
        OtherReading(
            "listed_checkouts", "dbt_shopify", "https://github.com/fivetran/dbt_shopify",
            "Checkouts that were completed after all stay in the count.",
            (Step("numerator", "recovered checkouts", "recovered_checkouts"),),
        ),
    ),
}  # fmt: skip
