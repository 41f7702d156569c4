-- id: new_customers
-- version: 1
-- title: New customers
-- question: How many customers placed the first order of their life?
-- kind: distinct
-- unit: count
-- numerator: customers, at the order that is their number 1; with a segment, when that order is in the
--   segment (count)
-- population: counted orders with a known customer: no test orders, none deleted at Shopify, none without a
--   customer
-- date_basis: order_day
-- segments: source, channel, utm_*, first_utm_*, referrer, discount_code, product_type, vendor,
--   is_subscription, is_b2b
-- leaves_out: test, deleted, no_customer
-- interval: none
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/customers-reports
-- decision: docs/decisions.md#first-time-and-returning

select
    metric_date,
    count(*) as numerator
from counted_orders
where nth = 1
group by metric_date
