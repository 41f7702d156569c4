-- id: abandoned_checkout_rate
-- version: 1
-- title: Abandoned checkout rate
-- question: Of those who gave their address at the online checkout, which share did not buy? Buyers are counted here,
--   not visits: Shopify's own rate is checkout_abandonment_rate.
-- kind: ratio
-- unit: ratio
-- numerator: checkouts not completed (count)
-- denominator: checkouts not completed + orders of the online checkout (count)
-- population: checkouts whose buyer left contact details, begun at least 24 hours before the data end; carts and
--   visits without an address are not in Shopify's list; counted orders as old, of the shop's online
--   sources, recovered checkouts among them
-- date_basis: checkout_day
-- segments: none
-- leaves_out: within_grace, recovered
-- interval: wilson
-- connector: checkouts, orders
-- source: https://help.shopify.com/en/manual/orders/abandoned-checkouts
-- decision: docs/decisions.md#which-orders-are-online

select
    metric_date,
    sum(abandoned) as numerator,
    count(*) as denominator
from (
    select metric_date, 1 as abandoned from counted_checkouts where not is_recovered
    union all
    select metric_date, 0 as abandoned from counted_online_orders
) as ends
group by metric_date
