-- id: returning_share_of_all_orders
-- version: 1
-- title: Returning orders of all orders
-- question: Which share of all orders is known to be not a customer's first?
-- kind: ratio
-- unit: ratio
-- numerator: orders whose number in the customer's life is 2 or more (count)
-- denominator: orders, those without a customer as well (count)
-- population: counted orders: no test orders, none deleted at Shopify
-- date_basis: order_day
-- segments: source, channel, utm_*, first_utm_*, referrer, discount_code, product_type, vendor,
--   is_subscription, is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source:
--   https://triplewhale.readme.io/docs/why-is-my-new-vs-returning-customer-count-different-in-triple-whale-vs-shopify
-- decision: docs/decisions.md#repeat-rate-which-one

select
    metric_date,
    count(*) filter (where nth >= 2) as numerator,
    count(*) as denominator
from counted_orders
group by metric_date
