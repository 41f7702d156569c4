-- id: orders_per_customer
-- version: 1
-- title: Orders per customer
-- question: How often did the customers who ordered do so?
-- kind: ratio
-- unit: ratio
-- numerator: orders with a known customer (count)
-- denominator: customers with an order in the window (count)
-- population: counted orders with a known customer: no test orders, none deleted at Shopify, none without a
--   customer
-- date_basis: order_day
-- segments: customer_type, source, channel, utm_*, first_utm_*, referrer, discount_code, product_type,
--   vendor, is_subscription, is_b2b
-- leaves_out: test, deleted, no_customer
-- interval: none
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/customers-reports
-- decision: docs/decisions.md#what-a-customer-is

select
    metric_date,
    count(*) as numerator,
    count(*) filter (
        where prev_date is null or prev_date < window_start
    ) as denominator
from counted_orders
where customer_id is not null
group by metric_date
