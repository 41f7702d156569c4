-- id: lifetime_value_180d
-- version: 1
-- title: Lifetime value after 180 days
-- question: What had customers brought by the end of their first 180 days?
-- kind: ratio
-- unit: money
-- numerator: of these, gross sales − discounts − sales reversals of the orders at most 180 days after the
--   first, with everything known now of these orders (money)
-- denominator: customers whose day 180 after the first order lies in the window (count)
-- population: customers of counted orders: no test orders, none deleted at Shopify, none without a customer;
--   only those whose 180 days are over
-- date_basis: horizon_day
-- horizon_days: 180
-- segments: source, channel, utm_*, first_utm_*, referrer, discount_code, product_type, vendor,
--   is_subscription, is_b2b
-- leaves_out: test, deleted, no_customer, not_first
-- interval: normal
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/customers-reports
-- decision: docs/decisions.md#lifetime-value-has-a-horizon-and-no-forecast

select
    metric_date,
    sum(net_sales_minor) as numerator,
    count(*) as denominator,
    sum(cast(net_sales_minor as double precision) * net_sales_minor) as squares
from counted_lifetimes
group by metric_date
