"""Both sides' figures of some days, each difference with its cause, on record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from service.connectors import orders
from service.connectors.incremental import OVERLAP
from service.connectors.work import Work
from service.reconcile.counts import COUNTS, counts
from service.reconcile.days import Span
from service.reconcile.evidence import Witness
from service.reconcile.sales import sales
from service.shopify.faults import NoReports
from service.store import landing, reconciliations
from service.store.engine import reading
from service.values import Comparison

NAME = "reconcile"


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found about some days."""

    comparisons: Sequence[Comparison]
    to_read: Mapping[date, set[int]]  # day → orders to read again that may mend it; none: whatever was created then
    no_reports: str = ""  # why only counts were compared


def compare(work: Work, spans: Sequence[Span]) -> Compared:
    """Every figure of every day of the spans; the counts are on record before the report is asked."""
    with reading(work.engine) as connection:
        position = landing.watermark(connection, work.shop.shop_id, orders.NAME)
    assert position is not None, "comparing follows a backfill"
    witness = Witness(work, position - OVERLAP)
    counted = [each for span in spans for figure in COUNTS for each in counts(witness, span, figure)]
    record(work, counted)
    try:
        reported = [each for span in spans for each in sales(witness, span)]
    except NoReports as denied:
        return Compared(counted, witness.to_read, str(denied))
    record(work, reported)
    return Compared(counted + reported, witness.to_read)


def record(work: Work, found: Sequence[Comparison], read_again: Collection[date] = ()) -> None:
    with work.engine.begin() as connection:
        work.renew(connection)
        reconciliations.record(connection, work.shop.shop_id, found, now=work.clock(), read_again=read_again)
