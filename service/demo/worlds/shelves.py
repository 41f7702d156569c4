"""What shops sell, and the baskets people fill from it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from service.demo.worlds.till import Line, Product, percent_of

_FIRST_PRODUCT = 8_900_000_000_001

# Title, type, vendor, price in minor units, tax per cent.
_CORNER_SHOP = (
    ("Masala chai, 100 g", "Tea", "Nilgiri Hills", 2_900, 5),
    ("Green tea, 25 bags", "Tea", "Nilgiri Hills", 3_400, 5),
    ("Filter coffee, 100 g", "Coffee", "Chikmagalur Roasters", 3_900, 5),
    ("Instant coffee sachets", "Coffee", "Chikmagalur Roasters", 1_500, 18),
    ("Banana chips", "Snacks", "Malabar Kitchen", 1_900, 12),
    ("Roasted makhana", "Snacks", "Malabar Kitchen", 2_500, 12),
    ("Peanut chikki", "Snacks", "Lonavala Sweets", 1_200, 5),
    ("Til laddoo, box of 6", "Snacks", "Lonavala Sweets", 4_500, 5),
    ("Neem soap", "Personal care", "Vana", 2_200, 18),
    ("Sandalwood soap, set of 3", "Personal care", "Vana", 5_500, 18),
    ("Coconut hair oil", "Personal care", "Vana", 4_800, 18),
    ("Incense sticks", "Home", "Mysuru Agarbathi", 1_000, 5),
    ("Beeswax candle", "Home", "Mysuru Agarbathi", 3_200, 12),
    ("Pocket notebook", "Stationery", None, 1_800, 12),
    ("Gel pens, set of 5", "Stationery", None, 2_600, 18),
)

_BOUTIQUE = (
    ("Linen shirt", "Shirts", "Weber & Söhne", 6_990, 19),
    ("Oxford shirt", "Shirts", "Weber & Söhne", 5_990, 19),
    ("Merino jumper", "Knitwear", "Nordwind", 9_900, 19),
    ("Cashmere scarf", "Knitwear", "Nordwind", 12_900, 19),
    ("Wool beanie", "Knitwear", "Nordwind", 2_490, 19),
    ("Raw denim jeans", "Trousers", "Atelier 9", 11_900, 19),
    ("Chino trousers", "Trousers", "Atelier 9", 7_990, 19),
    ("Leather belt", "Accessories", "Gerberei Harz", 4_495, 19),
    ("Canvas tote", "Accessories", "Gerberei Harz", 1_999, 19),
    ("Card holder", "Accessories", "Gerberei Harz", 3_333, 19),
    ("Socks, 3 pairs", "Accessories", None, 1_495, 19),
    ("Style guide (book)", "Books", "Papierwerk", 2_400, 7),
    ("Postcards", "", "Papierwerk", 395, 19),
    ("Ceramic mug", "Home", "Papierwerk", 1_650, 19),
    ("Coffee beans, 500 g", "Food", "Rösterei Süd", 1_190, 7),
)


def _shelf(goods: Sequence[tuple[str, str, str | None, int, int]]) -> list[Product]:
    return [Product(_FIRST_PRODUCT + place, *good) for place, good in enumerate(goods)]


CORNER_SHOP = _shelf(_CORNER_SHOP)
BOUTIQUE = _shelf(_BOUTIQUE)
GIFT_CARD = Product(_FIRST_PRODUCT + 99, "Gift card", "Gift Cards", "Boutique", 5_000, 0, "GIFT_CARD")


class Basket(NamedTuple):
    """What one buyer puts together; `worth` is gross less discounts where prices have no tax inside."""

    lines: tuple[Line, ...]
    off_percent: int
    worth: int


def basket(lines: Sequence[Line], off_percent: int = 0) -> Basket:
    """Those lines at that discount, rounded line by line as the till does."""
    prices = [product.price * quantity for product, quantity in lines]
    return Basket(tuple(lines), off_percent, sum(prices) - sum(percent_of(p, off_percent) for p in prices))


def fill(rng: Random, shelf: Sequence[Product], sizes: Sequence[int]) -> list[Line]:
    """Some different articles (how many is drawn from `sizes`), mostly one of each."""
    start = rng.randrange(len(shelf))
    step = rng.randrange(1, len(shelf))
    # A step that divides the shelf comes round to the same article: keep each once.
    places = dict.fromkeys((start + step * n) % len(shelf) for n in range(rng.choice(sizes)))
    return [(shelf[place], 1 if rng.random() < 0.8 else 2) for place in places]


def baskets(
    rng: Random, shelf: Sequence[Product], sizes: Sequence[int], discounts: Sequence[int], count: int
) -> list[Basket]:
    """A pool of ready baskets, cheapest first: drawing one costs less than filling one."""
    drawn = [basket(fill(rng, shelf, sizes), rng.choice(discounts)) for _ in range(count)]
    return sorted(drawn, key=lambda one: one.worth)
