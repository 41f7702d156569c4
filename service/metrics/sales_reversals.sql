-- id: sales_reversals
-- version: 1
-- title: Sales reversals
-- question: How much of earlier sales was taken back by returns, refunds, removals and cancellations?
-- kind: flow
-- unit: money
-- numerator: net amount of product lines taken back and of adjustments, a positive number (money)
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
    sum(sales_reversals_minor) as numerator
from counted_sales
group by metric_date
