-- id: checkout_recovery_rate
-- version: 1
-- title: Checkout recovery rate
-- question: Which share of the checkouts that were left was completed after all?
-- kind: ratio
-- unit: ratio
-- numerator: checkouts completed since (count)
-- denominator: checkouts completed since or not at all (count)
-- population: checkouts whose buyer left contact details, begun at least 24 hours before the data end; carts and
--   visits without an address are not in Shopify's list
-- date_basis: checkout_day
-- segments: none
-- leaves_out: within_grace
-- interval: wilson
-- connector: checkouts
-- source: https://help.shopify.com/en/manual/orders/abandoned-checkouts
-- decision: docs/decisions.md#abandoned-after-a-day

select
    metric_date,
    count(*) filter (where is_recovered) as numerator,
    count(*) as denominator
from counted_checkouts
group by metric_date
