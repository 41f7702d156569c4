"""Orders that are odd by what happens later: edits, refunds, returns, each at its own time.

Each function takes the clerk and the instant the order is created and gives the order as it stands today.
"""

from __future__ import annotations

from service.demo.model import Order
from service.demo.worlds import aftermath
from service.demo.worlds.clerk import Clerk
from service.demo.worlds.shelves import BOUTIQUE


def edited_up(clerk: Clerk, at: int) -> Order:
    """One more of an article (UPDATE), then another article (ORDER)."""
    order = clerk.ordinary(at)
    first = clerk.later(at, 0, 2)
    aftermath.edit_up(clerk.till, order, first, aftermath.articles(order)[0], 1)
    aftermath.edit_in(clerk.till, order, clerk.later(first, 0, 20), BOUTIQUE[8], 1)
    return order


def edited_down(clerk: Clerk, at: int) -> Order:
    order = clerk.online(at, [(BOUTIQUE[10], 3), *clerk.lines()])
    aftermath.edit_down(clerk.till, order, clerk.later(at, 0, 30), [(order.line_items[0].id, 2)])
    return order


def edited_both_ways(clerk: Clerk, at: int) -> Order:
    order = edited_down(clerk, at)
    aftermath.edit_in(clerk.till, order, clerk.later(order.agreements[-1].happened_at, 0, 5), BOUTIQUE[9], 2)
    return order


def refunded_in_part(clerk: Clerk, at: int) -> Order:
    order = clerk.online(at, [(BOUTIQUE[9], 3), *clerk.lines()])
    aftermath.refund_units(clerk.till, order, clerk.later(at, 5, 40), order.line_items[0].id, 2)
    return order


def refunded_months_later(clerk: Clerk, at: int) -> Order:
    """In part at first, the rest months later."""
    order = refunded_in_part(clerk, at) if clerk.rng.random() < 0.5 else clerk.ordinary(at)
    aftermath.refund_everything(clerk.till, order, clerk.later(order.agreements[-1].happened_at, 60, 300))
    return order


def refunded_at_midnight(clerk: Clerk, at: int) -> Order:
    """In the last second of a shop day, or in the first of the next."""
    order = clerk.online(at)
    midnight = clerk.days.start(clerk.days.of(clerk.later(at, 2, 20))) - int(clerk.rng.random() * 2)
    if midnight > at:
        aftermath.refund_units(clerk.till, order, midnight, aftermath.articles(order)[0], 1)
    return order


def refunded_without_articles(clerk: Clerk, at: int) -> Order:
    order = clerk.ordinary(at)
    aftermath.refund_amount(clerk.till, order, clerk.later(at, 3, 60), 1 + order.placed_total // 10)
    return order


def refunded_less_a_fee(clerk: Clerk, at: int) -> Order:
    order = clerk.online(at, [(BOUTIQUE[2], 1)])
    item_id = order.line_items[0].id
    aftermath.refund_units(clerk.till, order, clerk.later(at, 10, 40), item_id, 1, kept_fee=450)
    return order


def shipping_refunded(clerk: Clerk, at: int) -> Order:
    """Half of the shipping charge, for a late parcel."""
    order = clerk.by_marketplace(at)
    aftermath.refund_shipping(clerk.till, order, clerk.later(at, 4, 20), 1, 2)
    return order


def returned_then_refunded(clerk: Clerk, at: int) -> Order:
    """Two agreements: the articles come back, then money beyond their price goes back for the postage."""
    order = clerk.ordinary(at)
    returned_at = clerk.later(at, 8, 45)
    aftermath.return_units(clerk.till, order, returned_at, aftermath.articles(order)[0], 1)
    aftermath.refund_amount(clerk.till, order, clerk.later(returned_at, 1, 14), 390)
    return order


def exchanged(clerk: Clerk, at: int) -> Order:
    order = clerk.ordinary(at)
    item_id = aftermath.articles(order)[0]
    aftermath.return_units(clerk.till, order, clerk.later(at, 8, 45), item_id, 1, swap=BOUTIQUE[0])
    return order


def never_done(clerk: Clerk, at: int) -> Order:
    """40 agreements: the order, then up and down in turn with an odd goodwill between."""
    order = clerk.online(at, [(BOUTIQUE[7], 4)])
    item_id, moment = order.line_items[0].id, at
    for n in range(39):
        moment = clerk.later(moment, 1, 6)
        if n % 5 == 4:
            aftermath.refund_amount(clerk.till, order, moment, 50 + n)
        elif n % 2:
            aftermath.edit_down(clerk.till, order, moment, [(item_id, 1)])
        else:
            aftermath.edit_up(clerk.till, order, moment, item_id, 1)
    return order
