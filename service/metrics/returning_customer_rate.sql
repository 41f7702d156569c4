-- id: returning_customer_rate
-- version: 1
-- title: Returning customer rate
-- question: Which share of the customers who ordered had ordered before? Shopify's own returning customer
--   rate.
-- kind: ratio
-- unit: ratio
-- numerator: customers with an order whose number is 2 or more in the window (count)
-- denominator: customers with an order in the window (count)
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
    count(*) filter (
        where nth >= 2
          and (prev_date is null or prev_date < window_start or prev_nth = 1)
    ) as numerator,
    count(*) filter (
        where prev_date is null or prev_date < window_start
    ) as denominator
from counted_orders
where customer_id is not null
group by metric_date
