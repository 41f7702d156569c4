-- id: returning_order_rate
-- version: 1
-- title: Returning order rate
-- question: Which share of the orders of known customers is not their first?
-- kind: ratio
-- unit: ratio
-- numerator: orders whose number in the customer's life is 2 or more (count)
-- denominator: orders with a known customer (count)
-- population: counted orders with a known customer: no test orders, none deleted at Shopify, none without a
--   customer
-- date_basis: order_day
-- segments: source, channel, utm_*, first_utm_*, referrer, discount_code, product_type, vendor,
--   is_subscription, is_b2b
-- leaves_out: test, deleted, no_customer
-- interval: none
-- connector: orders
-- source: https://community.shopify.com/t/217973
-- decision: docs/decisions.md#repeat-rate-which-one

select
    metric_date,
    count(*) filter (where nth >= 2) as numerator,
    count(*) as denominator
from counted_orders
where customer_id is not null
group by metric_date
