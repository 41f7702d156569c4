-- id: shipping
-- version: 1
-- title: Shipping
-- question: What was charged for shipping, less what was refunded of it?
-- kind: flow
-- unit: money
-- numerator: shipping after discounts and reversals, before tax (money)
-- population: ledger entries of counted orders: no test orders, none deleted at Shopify; cancelled orders
--   count and their cancellation is a reversal
-- date_basis: event_day
-- segments: customer_type, source, channel, utm_*, first_utm_*, referrer, discount_code, is_subscription,
--   is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-report
-- decision: docs/decisions.md#sales-by-event-day

select
    metric_date,
    sum(shipping_minor) as numerator
from counted_sales
group by metric_date
