-- id: fees
-- version: 1
-- title: Duties and fees
-- question: What was charged in duties and fees, less what was refunded of them?
-- kind: flow
-- unit: money
-- numerator: duties, fees and additional fees before tax, with their reversals (money)
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
    sum(fees_minor) as numerator
from counted_sales
group by metric_date
