"""Our counts and sales beside Shopify's, day by day, and a named cause for each difference.

    days ─▶ figures of both ─▶ differences ─▶ evidence ─▶ cause ─▶ record ─▶ read again, compare again
    days    counts, sales                     evidence    causes, rules      flow

`days`, `rules` and `causes` are pure; `compare` puts one look at the days together, `flow` the whole.
"""

from service.reconcile.flow import Reconciled, reconcile

__all__ = ["Reconciled", "reconcile"]
