-- id: recovered_checkouts
-- version: 1
-- title: Recovered checkouts
-- question: How many buyers came back to a checkout they had left, and completed it?
-- kind: flow
-- unit: count
-- numerator: checkouts completed since (count)
-- population: checkouts whose buyer left contact details, begun at least 24 hours before the data end; carts and
--   visits without an address are not in Shopify's list
-- date_basis: checkout_day
-- segments: none
-- leaves_out: within_grace, not_recovered
-- interval: none
-- connector: checkouts
-- source: https://help.shopify.com/en/manual/orders/abandoned-checkouts
-- decision: docs/decisions.md#abandoned-after-a-day

select
    metric_date,
    count(*) as numerator
from counted_checkouts
where is_recovered
group by metric_date
