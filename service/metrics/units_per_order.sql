-- id: units_per_order
-- version: 1
-- title: Units per order
-- question: How many pieces are in an order when it is placed?
-- kind: ratio
-- unit: ratio
-- numerator: product units at order time; with a product_type or vendor, of those lines only (count)
-- denominator: orders; with a product_type or vendor, orders that contain such a line (count)
-- population: counted orders: no test orders, none deleted at Shopify; cancelled, unpaid and zero-value
--   orders count
-- date_basis: order_day
-- segments: customer_type, source, channel, utm_*, first_utm_*, referrer, discount_code, product_type,
--   vendor, is_subscription, is_b2b
-- leaves_out: test, deleted
-- interval: normal
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/analytics-fields
-- decision: docs/decisions.md#average-order-value-without-later-changes

select
    metric_date,
    sum(units) as numerator,
    count(*) as denominator,
    sum(cast(units as double precision) * units) as squares
from counted_orders
group by metric_date
