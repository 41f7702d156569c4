-- id: orders
-- version: 1
-- title: Orders
-- question: How many orders were placed?
-- kind: flow
-- unit: count
-- numerator: orders (count)
-- population: counted orders: no test orders, none deleted at Shopify; cancelled, unpaid and zero-value
--   orders count
-- date_basis: order_day
-- segments: customer_type, source, channel, utm_*, first_utm_*, referrer, discount_code, product_type,
--   vendor, is_subscription, is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-report
-- decision: docs/decisions.md#which-orders-count

select
    metric_date,
    count(*) as numerator
from counted_orders
group by metric_date
