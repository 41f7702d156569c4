-- id: average_net_order_value
-- version: 1
-- title: Average net order value
-- question: What does an order bring once edits, returns and refunds of the same days are counted?
-- kind: ratio
-- unit: money
-- numerator: net sales of the window by event day (money)
-- denominator: orders of the window by order day (count)
-- population: ledger entries of counted orders: no test orders, none deleted at Shopify; cancelled orders
--   count and their cancellation is a reversal
-- date_basis: event_day
-- segments: customer_type, source, channel, utm_*, first_utm_*, referrer, discount_code, product_type,
--   vendor, is_subscription, is_b2b
-- leaves_out: test, deleted
-- interval: none
-- connector: orders
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/default-reports/sales-report
-- decision: docs/decisions.md#average-order-value-without-later-changes

select
    metric_date,
    sum(net_sales_minor) as numerator,
    sum(orders) as denominator
from (
    select
        metric_date,
        gross_sales_minor - discounts_minor - sales_reversals_minor as net_sales_minor,
        0 as orders
    from counted_sales
    union all
    select
        metric_date,
        0 as net_sales_minor,
        1 as orders
    from counted_orders
) as sales_and_orders
group by metric_date
