-- id: average_order_value
-- version: 1
-- title: Average order value
-- question: What is an order worth when it is placed?
-- kind: ratio
-- unit: money
-- numerator: gross sales − discounts at order time; with a product_type or vendor, of those lines only
--   (money)
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
    sum(gross_sales_minor - discounts_minor) as numerator,
    count(*) as denominator,
    sum(
        cast(gross_sales_minor - discounts_minor as double precision)
        * (gross_sales_minor - discounts_minor)
    ) as squares
from counted_orders
group by metric_date
