-- id: abandoned_checkouts
-- version: 1
-- title: Abandoned checkouts
-- question: How many buyers left their address in a checkout and did not complete it?
-- kind: flow
-- unit: count
-- numerator: checkouts not completed (count)
-- population: checkouts whose buyer left contact details, begun at least 24 hours before the data end; carts and
--   visits without an address are not in Shopify's list
-- date_basis: checkout_day
-- segments: none
-- leaves_out: within_grace, recovered
-- interval: none
-- connector: checkouts
-- source: https://help.shopify.com/en/manual/orders/abandoned-checkouts
-- decision: docs/decisions.md#abandoned-after-a-day

select
    metric_date,
    count(*) as numerator
from counted_checkouts
where not is_recovered
group by metric_date
