"""Small untidy shops made from a seed: everything that bends a metric, within a few dozen orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from service.demo.model import Agreement, Checkout, LineItem, Order, Sale, Visit, Visits, World
from service.values import Campaign, Spent

FIRST_DAY = date(2026, 2, 20)  # the clocks of most zones change within the days that follow
DAYS = 100
ZONES = ("America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "Europe/Berlin")
SOURCES = ("web", "pos", "shopify_draft_order", None)
TYPES = (("Shirts", "Acme"), ("Shoes", "Acme"), ("Shoes", "Bolt"), ("", None))
CHANNELS = (("online_store", "Online Store"), ("instagram", "Instagram"), None)
UTMS = (("spring", None, "email", "newsletter", None), ("brand", None, "cpc", "google", None), None)
CAMPAIGNS = (
    Campaign("newsletter", "email", "spring"), Campaign("google", "cpc"), Campaign("google"), Campaign(),
    Campaign("bing", "cpc", "brand"),
)  # fmt: skip
STATUSES = ("PAID", "PAID", "PENDING", "PARTIALLY_REFUNDED", "VOIDED", "EXPIRED")


def little_world(seed: int, orders: int = 60, customers: int = 25) -> World:
    """A shop of `orders` orders over a hundred days by `customers` customers and some strangers."""
    return _Maker(seed).world(orders, customers)


def spend_of(world: World) -> list[Spent]:
    """What a little shop's campaigns cost, with gaps, days of 0 and an early end; other worlds spend nothing."""
    if not world.name.startswith("little-"):
        return []
    random = Random(world.name)
    spent = [
        Spent(FIRST_DAY + timedelta(days=day), campaign, random.choice((0, random.randrange(5_000))))
        for campaign in CAMPAIGNS
        for day in range(random.randrange(40), 90)
        if random.random() < 0.7
    ]
    last = max(each.day for each in spent)
    planned = Spent(last + timedelta(days=2), Campaign(utm_medium="email"), 900, "mail")
    return [*spent, planned, replace(planned, day=last - timedelta(days=50))]


def at(day: date, hour: int = 12) -> int:
    """Epoch seconds of an hour of a UTC day."""
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp())


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.last_id = 1000

    def id(self) -> int:
        self.last_id += 1
        return self.last_id

    def world(self, orders: int, customers: int) -> World:
        exponent, currency = ((2, "INR"), (0, "JPY"), (3, "KWD"))[self.seed % 3]
        zone = ZONES[self.seed % len(ZONES)]
        start = at(FIRST_DAY, 0)
        world = World(
            f"little-{self.seed}", 7, "little.myshopify.com", zone, currency, exponent, start, start + DAYS * 86_400
        )
        people = [None, None, *range(1, customers + 1)]
        for _ in range(orders):
            world.orders.append(self.order(self.random.choice(people), start))
        visits = [self.visits(start) for _ in range(200)]
        world.visits = lambda: visits
        edges = [world.now - 86_400 + seconds for seconds in (-1, 0, 1)]
        world.checkouts = [self.checkout(at) for at in (*(self.moment(start) for _ in range(80)), *edges)]
        return world

    def moment(self, start: int) -> int:
        return start + self.random.randrange(DAYS * 96) * 900

    def checkout(self, begun: int) -> Checkout:
        """One in three is recovered, some of them within the day."""
        completed_at = begun + self.random.choice((3_600, 400_000)) if self.random.random() < 0.35 else None
        return Checkout(self.id(), begun, completed_at or begun, None, self.random.randrange(9_000), completed_at)

    def visits(self, start: int) -> Visits:
        """Some sessions of one moment; more may complete a checkout than reach it, or put something into the cart."""
        pick, count = self.random.choice, self.random.randrange(40)
        stages = [self.random.randint(0, count) for _ in range(4)]
        campaign, _, medium, source, _ = pick(UTMS) or (None,) * 5
        return Visits(
            self.moment(start), self.random.random() < 0.7, count, *stages,
            pick(("search", "direct", None)), source, medium, campaign, pick(("mobile", "desktop", None)),
        )  # fmt: skip

    def order(self, customer_id: int | None, start: int) -> Order:
        pick = self.random.choice
        # A quarter of an hour's grid, so that some orders of a customer happen at the same instant.
        placed_at = start + self.random.randrange(DAYS * 8) * 10_800 + pick((0, 0, 900, 7_200))
        items = [self.item() for _ in range(pick((1, 1, 2, 3)))]
        placing = Agreement(self.id(), "OrderAgreement", "ORDER", placed_at, self.placing_sales(items))
        order_id = self.id()
        visits = [self.visit(placed_at) for _ in range(2)]
        order = Order(
            order_id, f"#{order_id}", placed_at, placed_at, placed_at, customer_id, [placing], items,
            source_name=pick(SOURCES), channel=pick(CHANNELS), financial_status=pick(STATUSES),
            test=self.random.random() < 0.05, is_b2b=self.random.random() < 0.2,
            discount_codes=pick(((), (), ("SPRING",), ("vip", "SPRING"))),
            has_journey=True, first_visit=visits[0], last_visit=visits[1],
        )  # fmt: skip
        if self.random.random() < 0.1:
            order.cancelled_at = placed_at + 3_600
        while self.random.random() < 0.4:
            order.agreements.append(self.later_agreement(order))
        return order

    def visit(self, placed_at: int) -> Visit | None:
        source = self.random.choice(("google", "direct", "newsletter", None))
        utm = self.random.choice(UTMS)
        return None if source is None else Visit(self.id(), placed_at - 600, source, None, None, utm)

    def item(self) -> LineItem:
        product_type, vendor = self.random.choice(TYPES)
        product_id = None if self.random.random() < 0.1 else self.id()
        plan = self.random.choice((None, None, None, "Monthly"))
        quantity, price = self.random.randint(1, 4), self.random.randint(0, 9_000)
        return LineItem(self.id(), "Thing", product_id, product_type, vendor, quantity, price, selling_plan=plan)

    def placing_sales(self, items: list[LineItem]) -> tuple[Sale, ...]:
        sales = [self.product(item, item.quantity) for item in items]
        sales.append(self.other("SHIPPING", self.random.randint(0, 900)))
        for line_type in ("TIP", "GIFT_CARD", "DUTY", "FEE", "ADDITIONAL_FEE", "UNKNOWN"):
            if self.random.random() < 0.15:
                sales.append(self.other(line_type, self.random.randint(1, 5_000)))
        return tuple(sales)

    def product(self, item: LineItem, quantity: int) -> Sale:
        """`quantity` of an item bought, or given back when negative."""
        gross = item.unit_price * quantity
        discount = gross // self.random.choice((3, 10, 10**9)) if gross else 0
        net = gross - discount
        tax = net // 10
        action = "ORDER" if quantity > 0 else "RETURN"
        return Sale(self.id(), action, "PRODUCT", quantity, net + tax, tax, discount, item.id)

    def other(self, line_type: str, net: int) -> Sale:
        tax = 0 if line_type == "TIP" else net // 5
        quantity = None if line_type == "ADJUSTMENT" else 1
        return Sale(self.id(), "ORDER" if net >= 0 else "RETURN", line_type, quantity, net + tax, tax, 0)

    def later_agreement(self, order: Order) -> Agreement:
        """A refund, return or edit up to six weeks on; rarely dated before the order, as imports do."""
        kind, reason = self.random.choice(
            (("RefundAgreement", "REFUND"), ("ReturnAgreement", "RETURN"), ("OrderEditAgreement", "ORDER_EDIT"))
        )
        happened_at = order.processed_at + self.random.randrange(-86_400, 42 * 86_400)
        item = self.random.choice(order.line_items)
        sales = [self.product(item, 1 if reason == "ORDER_EDIT" else -1)]
        if self.random.random() < 0.3:
            sales.append(self.other("ADJUSTMENT", self.random.randint(-500, 500)))
        if self.random.random() < 0.3:
            sales.append(self.other("SHIPPING", -self.random.randint(0, 500)))
        if reason == "ORDER_EDIT" and self.random.random() < 0.5:
            added = self.item()
            order.line_items.append(added)
            sales.append(self.product(added, added.quantity))
        return Agreement(self.id(), kind, reason, happened_at, tuple(sales))
