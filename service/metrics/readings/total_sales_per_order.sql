-- id: total_sales_per_order
-- version: 1
-- title: Total sales per order
-- question: What did customers owe in all, less what was taken back, for each order of the same days?
-- kind: ratio
-- unit: money
-- numerator: total sales of the window by event day: net sales, shipping, taxes, duties and fees (money)
-- denominator: orders of the window by order day (count)
-- population: ledger entries of counted orders: no test orders, none deleted at Shopify
-- date_basis: event_day
-- segments: customer_type, source, channel, utm_*, first_utm_*, referrer, discount_code, product_type,
--   vendor, is_subscription, is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source: https://changelog.shopify.com/posts/your-average-order-value-now-has-a-new-definition-in-shopify
-- decision: docs/decisions.md#average-order-value-without-later-changes

select
    metric_date,
    sum(total_sales_minor) as numerator,
    sum(orders) as denominator
from (
    select
        metric_date,
        gross_sales_minor - discounts_minor - sales_reversals_minor
        + shipping_minor + taxes_minor + fees_minor as total_sales_minor,
        0 as orders
    from counted_sales
    union all
    select
        metric_date,
        0 as total_sales_minor,
        1 as orders
    from counted_orders
) as sales_and_orders
group by metric_date
