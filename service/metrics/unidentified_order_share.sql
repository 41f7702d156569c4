-- id: unidentified_order_share
-- version: 1
-- title: Unidentified order share
-- question: How many orders cannot be told apart by customer? Read it beside every customer metric.
-- kind: ratio
-- unit: ratio
-- numerator: orders without a customer (count)
-- denominator: orders (count)
-- population: counted orders: no test orders, none deleted at Shopify; cancelled, unpaid and zero-value
--   orders count
-- date_basis: order_day
-- segments: source, channel, utm_*, first_utm_*, referrer, discount_code, product_type, vendor,
--   is_subscription, is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
-- decision: docs/decisions.md#orders-without-a-customer

select
    metric_date,
    count(*) filter (where customer_id is null) as numerator,
    count(*) as denominator
from counted_orders
group by metric_date
