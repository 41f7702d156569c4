-- id: returning_customers
-- version: 1
-- title: Returning customers
-- question: How many customers who had ordered before ordered again?
-- kind: distinct
-- unit: count
-- numerator: customers, each at their first order of the window whose number is 2 or more; a customer may
--   be both new and returning (count)
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

-- The first returning order of a window follows either no order of the window or the customer's very first.
select
    metric_date,
    count(*) as numerator
from counted_orders
where nth >= 2
  and (prev_date is null or prev_date < window_start or prev_nth = 1)
group by metric_date
