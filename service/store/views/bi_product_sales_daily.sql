-- a day of sales of a product type and vendor, by kind of event; its rows add up to bi_sales_daily

select
    shop_money.shop as shop,  -- the permanent myshopify.com name
    product_days.sales_date as sales_date,  -- the shop's own day
    product_days.product_type as product_type,  -- as it was when the order was read; empty where nobody knows, and for adjustments of whole orders
    product_days.vendor as vendor,  -- the same
    shop_money.currency as currency,  -- of all amounts in this row
    product_days.quantity as quantity,  -- units sold minus units taken back on the day, so below zero when more came back; adjustments have none
    round(product_days.gross_sales_minor / shop_money.minor_per_unit, shop_money.decimals) as gross_sales,  -- products sold, before discounts, taxes and shipping
    round(product_days.discounts_minor / shop_money.minor_per_unit, shop_money.decimals) as discounts,  -- a positive number
    round(product_days.sales_reversals_minor / shop_money.minor_per_unit, shop_money.decimals) as sales_reversals,  -- returns, refunds, removals and adjustments, a positive number
    round((product_days.gross_sales_minor - product_days.discounts_minor - product_days.sales_reversals_minor) / shop_money.minor_per_unit, shop_money.decimals) as net_sales  -- gross sales minus discounts minus sales reversals
from (
    select
        order_sales.shop_id, order_sales.event_date as sales_date, order_sales.product_type, order_sales.vendor,
        sum(case when order_sales.line_type = 'PRODUCT' then order_sales.quantity else 0 end) as quantity,
        sum(order_sales.gross_sales_minor) as gross_sales_minor, sum(order_sales.discounts_minor) as discounts_minor,
        sum(order_sales.sales_reversals_minor) as sales_reversals_minor
    from order_sales
    join order_facts on order_facts.shop_id = order_sales.shop_id and order_facts.order_id = order_sales.order_id
    where order_sales.line_type in ('PRODUCT', 'ADJUSTMENT')
    group by order_sales.shop_id, order_sales.event_date, order_sales.product_type, order_sales.vendor
) as product_days
join shop_money on shop_money.shop_id = product_days.shop_id
