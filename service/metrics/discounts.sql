-- id: discounts
-- version: 1
-- title: Discounts
-- question: How much was taken off the price of the products sold?
-- kind: flow
-- unit: money
-- numerator: discounts before tax on product lines, a positive number (money)
-- population: ledger entries of counted orders: no test orders, none deleted at Shopify; cancelled orders
--   count and their cancellation is a reversal
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
    sum(discounts_minor) as numerator
from counted_sales
group by metric_date
