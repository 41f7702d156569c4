"""What a simulated shop remembers: plain records, no protocol and no client of ours.

Money is integer minor units of the shop's currency (paise, cents), signed as Shopify signs its ledger: sales of an
ORDER are positive, of a RETURN negative. Times are whole UTC epoch seconds. Both are turned into Shopify's strings
only when a question is answered (`schema.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Sale(NamedTuple):
    """One line of the sales ledger (Shopify's `Sale`). `total` is after discounts and with tax."""

    id: int
    action_type: str  # ORDER, UPDATE, RETURN, UNKNOWN
    line_type: str  # PRODUCT, SHIPPING, TIP, GIFT_CARD, DUTY, FEE, ADDITIONAL_FEE, ADJUSTMENT, UNKNOWN
    quantity: int | None
    total: int
    tax: int
    discount: int  # before taxes
    line_item_id: int | None = None  # PRODUCT and GIFT_CARD lines


class Agreement(NamedTuple):
    """A dated change of what was agreed with the buyer (Shopify's `SalesAgreement`)."""

    id: int
    kind: str  # OrderAgreement, OrderEditAgreement, RefundAgreement, ReturnAgreement
    reason: str  # ORDER, ORDER_EDIT, REFUND, RETURN, UNKNOWN
    happened_at: int
    sales: tuple[Sale, ...]


class LineItem(NamedTuple):
    id: int
    title: str
    product_id: int | None  # None once the product was deleted
    product_type: str
    vendor: str | None
    quantity: int
    unit_price: int
    is_gift_card: bool = False
    selling_plan: str | None = None  # a subscription's plan name


class Visit(NamedTuple):
    id: int
    occurred_at: int
    source: str  # "google", "direct", "newsletter", …
    source_type: str | None  # Shopify's MarketingTactic
    referrer_url: str | None = None
    utm: tuple[str | None, str | None, str | None, str | None, str | None] | None = None
    # utm: campaign, content, medium, source, term


@dataclass(slots=True)
class Order:
    id: int
    name: str
    created_at: int
    processed_at: int
    updated_at: int
    customer_id: int | None
    agreements: list[Agreement]
    line_items: list[LineItem]
    source_name: str | None = "web"
    app: tuple[int, str] | None = None  # id, name
    channel: tuple[str, str] | None = None  # handle, display name
    financial_status: str = "PAID"
    return_status: str = "NO_RETURN"
    cancelled_at: int | None = None
    cancel_reason: str | None = None
    closed_at: int | None = None
    test: bool = False
    edited: bool = False
    is_b2b: bool = False
    taxes_included: bool = False
    presentment_currency: str | None = None  # None: the shop's own
    presentment_rate: float = 1.0  # presentment units per shop unit, for show only
    discount_codes: tuple[str, ...] = ()
    checkout_token: str | None = None
    cart_token: str | None = None
    has_journey: bool = False
    journey_ready: bool = True
    first_visit: Visit | None = None
    last_visit: Visit | None = None

    @property
    def placed_total(self) -> int:
        """Shopify's originalTotalPrice: what the placing agreement came to."""
        return sum(sale.total for a in self.agreements if a.reason == "ORDER" for sale in a.sales)

    @property
    def current_total(self) -> int:
        return sum(sale.total for a in self.agreements for sale in a.sales)

    @property
    def refunded_total(self) -> int:
        """A positive amount: what refund agreements took back."""
        return -sum(sale.total for a in self.agreements if a.reason == "REFUND" for sale in a.sales)


class Event(NamedTuple):
    """An entry of the shop's activity log (Shopify's `BasicEvent`)."""

    id: int
    action: str  # destroy, …
    subject_type: str  # ORDER, …
    subject_id: int
    created_at: int


class Visits(NamedTuple):
    """Sessions of the online store that began in one moment and are alike in all that reports split them by."""

    began_at: int
    is_human: bool
    sessions: int
    with_cart_additions: int = 0
    reached_checkout: int = 0
    completed_checkout: int = 0  # also where checkout was reached in an earlier session
    reached_and_completed: int = 0
    referrer_source: str | None = None  # direct, search, social, email, …
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    device: str | None = None


@dataclass(slots=True)
class Checkout:
    """A checkout whose buyer left contact details and did not finish at once (Shopify's `AbandonedCheckout`)."""

    id: int
    created_at: int
    updated_at: int
    customer_id: int | None
    total: int
    completed_at: int | None = None  # recovered: there is an order
    presentment_currency: str | None = None  # None: the shop's own
    presentment_rate: float = 1.0
    discount_codes: tuple[str, ...] = ()


@dataclass(slots=True)
class World:
    """A whole shop at one moment. `orders` in id order; ids and created_at rise together in generated worlds."""

    name: str
    shop_id: int
    domain: str  # the permanent myshopify.com name
    timezone: str
    currency: str
    exponent: int  # digits after the decimal point: 2 for INR, 0 for JPY, 3 for KWD
    created_at: int
    now: int  # the simulated shop's clock when it opens
    orders: list[Order] = field(default_factory=list)
    plan: str = "Basic"
    # sessions of the online store, made when somebody asks for them
    visits: Callable[[], Sequence[Visits]] = field(default=list, repr=False, compare=False)
    quarter: str | None = None  # the quarter a demonstration of this world is about
    events: list[Event] = field(default_factory=list)  # in id order
    idle_customers: set[int] = field(default_factory=set)  # those who are there without any order
    checkouts: list[Checkout] = field(default_factory=list)  # in id order
