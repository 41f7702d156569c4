-- id: reversal_rate
-- version: 1
-- title: Reversal rate
-- question: How much is taken back for each unit of gross sales?
-- kind: ratio
-- unit: ratio
-- numerator: sales reversals, of whatever day's sales (money)
-- denominator: gross sales (money)
-- population: ledger entries of counted orders: no test orders, none deleted at Shopify; cancelled orders
--   count and their cancellation is a reversal
-- date_basis: event_day
-- segments: customer_type, source, channel, utm_*, first_utm_*, referrer, discount_code, product_type,
--   vendor, is_subscription, is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source: https://changelog.shopify.com/posts/returns-metrics-renamed-to-reversals
-- decision: docs/decisions.md#sales-by-event-day

select
    metric_date,
    sum(sales_reversals_minor) as numerator,
    sum(gross_sales_minor) as denominator
from counted_sales
group by metric_date
