-- id: repeat_purchase_rate
-- version: 1
-- title: Repeat purchase rate
-- question: Which share of all customers so far has ordered at least twice?
-- kind: level
-- unit: ratio
-- numerator: customers with two or more orders ever (count)
-- denominator: customers with one or more orders ever (count)
-- population: counted orders with a known customer: no test orders, none deleted at Shopify, none without a
--   customer
-- date_basis: order_day
-- segments: source, channel, utm_*, first_utm_*, referrer, discount_code, product_type, vendor,
--   is_subscription, is_b2b
-- leaves_out: test, deleted, no_customer
-- interval: wilson
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/customers-reports
-- decision: docs/decisions.md#repeat-rate-which-one

select
    metric_date,
    count(*) filter (where scope_nth = 2) as numerator,
    count(*) filter (where scope_nth = 1) as denominator
from counted_orders
where customer_id is not null
group by metric_date
