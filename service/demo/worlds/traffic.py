"""Where buyers come from: the first and the last visit before an order."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from service.demo.model import Order
from service.demo.worlds.days import DAY
from service.demo.worlds.till import Journey, Till

DIRECT = Journey("direct", None)
SEARCH = Journey("google", "SEO", "https://www.google.com/")
SOCIAL = Journey("instagram", "POST", "https://l.instagram.com/")
BLOG = Journey("slow-living.example", "LINK", "https://slow-living.example/best-of")
ADVERT = Journey(
    "google", "AD", "https://www.google.com/", ("search-brand", "headline-b", "cpc", "google", "shop online")
)
VIDEO = Journey("youtube", "AD", "https://www.youtube.com/", ("unboxing", None, "video", "youtube", None))
NEWSLETTER = Journey("newsletter", "NEWSLETTER", None, ("monthly-letter", None, "email", "newsletter", None))
LOYALTY = Journey("klaviyo", "NEWSLETTER", None, ("loyalty-launch", "points", "email", "klaviyo", None))
BARE = Journey("partner.example", "AFFILIATE", None, (None, None, "affiliate", None, None))


def arrive(rng: Random, till: Till, order: Order, last: Sequence[Journey], first: Sequence[Journey]) -> None:
    """Give an order its journey: for three in five one visit, else an earlier one from elsewhere too."""
    order.has_journey = True
    at = order.created_at - int(rng.random() * 1500) - 30
    order.last_visit = order.first_visit = till.visit(at, last[int(rng.random() * len(last))])
    if rng.random() < 0.4:
        # Attribution looks back 30 days.
        earlier = at - int(rng.random() * 29 * DAY) - 60
        order.first_visit = till.visit(earlier, first[int(rng.random() * len(first))])


def check_out(rng: Random, order: Order) -> None:
    """The tokens an online checkout leaves on its order."""
    order.checkout_token = rng.randbytes(16).hex()
    order.cart_token = rng.randbytes(16).hex()
