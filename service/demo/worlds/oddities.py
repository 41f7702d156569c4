"""Every odd order a shop can have, one function each, and how many in a thousand are like it.

Each takes the clerk and the instant the order is created and gives the order as it stands today. Here are
those that are odd as they are placed and paid; `changed.py` has those that are odd by what happens later.
"""

from __future__ import annotations

from collections.abc import Callable

from service.demo.model import Order
from service.demo.worlds import aftermath
from service.demo.worlds.changed import (
    edited_both_ways,
    edited_down,
    edited_up,
    exchanged,
    never_done,
    refunded_at_midnight,
    refunded_in_part,
    refunded_less_a_fee,
    refunded_months_later,
    refunded_without_articles,
    returned_then_refunded,
    shipping_refunded,
)
from service.demo.worlds.clerk import DRAFTS, Clerk, from_counter
from service.demo.worlds.days import DAY
from service.demo.worlds.shelves import BOUTIQUE, GIFT_CARD
from service.demo.worlds.till import Extra, Product

Oddity = Callable[[Clerk, int], Order]

DISCONTINUED = Product(None, "Poncho", "Knitwear", "Nordwind", 8_450, 19)
SAMPLE = Product(None, "Fabric sample", "Samples", "Weber & Söhne", 0, 19)


# As it is placed


def zero_value(clerk: Clerk, at: int) -> Order:
    order = clerk.till.ring_up(at, clerk.buyer(), clerk.lines(), off_percent=100)
    order.discount_codes = ("ON-THE-HOUSE",)
    return order


def free_sample(clerk: Clerk, at: int) -> Order:
    return clerk.online(at, [(SAMPLE, 3)])


def gift_card_only(clerk: Clerk, at: int) -> Order:
    return clerk.till.ring_up(at, clerk.buyer(), [(GIFT_CARD, 1 + int(clerk.rng.random() * 2))])


def gift_card_and_article(clerk: Clerk, at: int) -> Order:
    return clerk.online(at, [(GIFT_CARD, 1), *clerk.lines()])


def tip_only(clerk: Clerk, at: int) -> Order:
    return from_counter(clerk.till.ring_up(at, None, (), extras=(Extra("TIP", 500),)))


def test_order(clerk: Clerk, at: int) -> Order:
    order = clerk.online(at)
    order.test = True
    return order


def business_on_terms(clerk: Clerk, at: int) -> Order:
    """Open for weeks; the older ones are paid, some of them in part."""
    lines = [(product, 5 * quantity) for product, quantity in clerk.lines()]
    order = clerk.till.ring_up(at, clerk.buyer(), lines, off_percent=25)
    order.is_b2b, order.source_name, order.app = True, "shopify_draft_order", DRAFTS
    order.financial_status = "PENDING"
    paid_at = at + int((20 + 50 * clerk.rng.random()) * DAY)
    if paid_at <= clerk.now:
        order.financial_status = "PAID" if clerk.rng.random() < 0.7 else "PARTIALLY_PAID"
        order.updated_at = paid_at
    return order


def deleted_product(clerk: Clerk, at: int) -> Order:
    return clerk.online(at, [(DISCONTINUED, 1), *clerk.lines()])


def duties_and_fees(clerk: Clerk, at: int) -> Order:
    extras = (Extra("DUTY", 1_250), Extra("ADDITIONAL_FEE", 199, 19), Extra("FEE", 100))
    order = clerk.online(at, extras=extras)
    order.presentment_currency, order.presentment_rate = "CHF", 0.95
    return order


def imported(clerk: Clerk, at: int) -> Order:
    """Brought over from another system: processed months or years before it was created here."""
    order = clerk.till.ring_up(at, clerk.buyer(), clerk.lines())
    order.source_name, order.app = "1424624", (1_424_624, "Order Importer")
    order.processed_at = at - int((40 + 900 * clerk.rng.random()) * DAY)
    return order


def clock_skew(clerk: Clerk, at: int) -> Order:
    """Processed a moment before it was created, as online orders often are."""
    order = clerk.online(at)
    order.processed_at = at - 2
    return order


def no_source(clerk: Clerk, at: int) -> Order:
    order = clerk.till.ring_up(at, clerk.buyer(), clerk.lines())
    order.source_name = None
    return order


def wholesale(clerk: Clerk, at: int) -> Order:
    """600 different lines."""
    shelf = [product for product in BOUTIQUE for _ in range(40)]
    lots = [product._replace(title=f"{product.title}, lot {n}") for n, product in enumerate(shelf, 1)]
    order = clerk.till.ring_up(at, clerk.buyer(), [(lot, 2) for lot in lots], off_percent=30)
    order.is_b2b, order.source_name, order.app = True, "shopify_draft_order", DRAFTS
    return order


# As it is paid


def authorised(clerk: Clerk, at: int) -> Order:
    order = clerk.online(at)
    order.financial_status = "AUTHORIZED"
    return order


def voided(clerk: Clerk, at: int) -> Order:
    """Authorised, then the authorisation was given up; two in three are cancelled with it."""
    order = authorised(clerk, at)
    voided_at = clerk.later(at, 1, 6)
    order.financial_status = "VOIDED"
    order.updated_at = max(order.updated_at, voided_at)
    if clerk.rng.random() < 0.67:
        aftermath.refund_everything(clerk.till, order, voided_at)
        aftermath.cancel(order, voided_at, "FRAUD")
    return order


def expired(clerk: Clerk, at: int) -> Order:
    order = authorised(clerk, at)
    order.financial_status = "EXPIRED"
    order.updated_at = clerk.later(at, 7, 8)
    return order


def cancelled_with_refund(clerk: Clerk, at: int) -> Order:
    order = clerk.online(at)
    cancelled_at = clerk.later(at, 0, 3)
    aftermath.refund_everything(clerk.till, order, cancelled_at)
    aftermath.cancel(order, cancelled_at, clerk.rng.choice(("CUSTOMER", "INVENTORY", "STAFF", "DECLINED")))
    return order


def cancelled_without_refund(clerk: Clerk, at: int) -> Order:
    order = clerk.online(at)
    aftermath.cancel(order, clerk.later(at, 0, 3), "OTHER")
    return order


# How many in a thousand orders, beside the one of each kind that comes in the first half of the world.
ODDITIES: tuple[tuple[int, Oddity], ...] = (
    (6, zero_value),
    (2, free_sample),
    (8, gift_card_only),
    (4, gift_card_and_article),
    (3, tip_only),
    (6, test_order),
    (12, business_on_terms),
    (10, deleted_product),
    (8, duties_and_fees),
    (8, imported),
    (20, clock_skew),
    (2, no_source),
    (0, wholesale),
    (3, authorised),
    (4, voided),
    (2, expired),
    (9, cancelled_with_refund),
    (5, cancelled_without_refund),
    (6, edited_up),
    (6, edited_down),
    (3, edited_both_ways),
    (25, refunded_in_part),
    (12, refunded_months_later),
    (3, refunded_at_midnight),
    (5, refunded_without_articles),
    (4, refunded_less_a_fee),
    (4, shipping_refunded),
    (10, returned_then_refunded),
    (3, exchanged),
    (0, never_done),
)
