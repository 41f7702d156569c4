-- id: repurchase_rate_60d
-- version: 1
-- title: Repurchase rate within 60 days
-- question: Of the customers whose first 60 days ended, which share had ordered again?
-- kind: ratio
-- unit: ratio
-- numerator: of these, those with a second order at most 60 days after the first (count)
-- denominator: customers whose day 60 after the first order lies in the window (count)
-- population: customers of counted orders: no test orders, none deleted at Shopify, none without a customer;
--   only those whose 60 days are over
-- date_basis: horizon_day
-- horizon_days: 60
-- segments: source, channel, utm_*, first_utm_*, referrer, discount_code, product_type, vendor,
--   is_subscription, is_b2b
-- leaves_out: test, deleted, no_customer, not_first
-- interval: wilson
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/customers-reports
-- decision: docs/decisions.md#complete-horizons-only

select
    metric_date,
    count(*) filter (where second_date <= horizon_date) as numerator,
    count(*) as denominator
from counted_horizons
group by metric_date
