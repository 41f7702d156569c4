-- id: net_sales_of_earlier_orders
-- version: 1
-- title: Net sales of earlier orders
-- question: What did later changes to orders placed before the window come to?
-- kind: flow
-- unit: money
-- numerator: net sales on days of the window, of orders placed before it (money)
-- population: ledger entries of counted orders: no test orders, none deleted at Shopify
-- date_basis: event_day
-- segments: customer_type, source, channel, utm_*, first_utm_*, referrer, discount_code, product_type,
--   vendor, is_subscription, is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-report
-- decision: docs/decisions.md#sales-by-event-day

select
    metric_date,
    sum(gross_sales_minor - discounts_minor - sales_reversals_minor) as numerator
from counted_sales
where placed_date < window_start
group by metric_date
