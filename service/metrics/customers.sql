-- id: customers
-- version: 1
-- title: Customers
-- question: How many different customers ordered?
-- kind: distinct
-- unit: count
-- numerator: customers, each at their first order of the window (count)
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
    count(*) as numerator
from counted_orders
where customer_id is not null
  and (prev_date is null or prev_date < window_start)
group by metric_date
