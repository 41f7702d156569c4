-- id: repeat_customers
-- version: 1
-- title: Repeat customers
-- question: How many customers have ordered at least twice, ever?
-- kind: level
-- unit: count
-- numerator: customers, from their second order on; with a segment, from the second order in the segment
--   (count)
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
-- decision: docs/decisions.md#repeat-rate-which-one

select
    metric_date,
    count(*) as numerator
from counted_orders
where scope_nth = 2
group by metric_date
