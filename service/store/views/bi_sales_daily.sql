-- a day of sales by kind of event: a sale on its order day, an edit, return or refund on the day it happened

select
    shop_money.shop as shop,  -- the permanent myshopify.com name
    sales_days.sales_date as sales_date,  -- the shop's own day
    shop_money.currency as currency,  -- of all amounts in this row
    round(sales_days.gross_sales_minor / shop_money.minor_per_unit, shop_money.decimals) as gross_sales,  -- products sold, before discounts, taxes and shipping
    round(sales_days.discounts_minor / shop_money.minor_per_unit, shop_money.decimals) as discounts,  -- a positive number
    round(sales_days.sales_reversals_minor / shop_money.minor_per_unit, shop_money.decimals) as sales_reversals,  -- returns, refunds, removals and adjustments, a positive number
    round((sales_days.gross_sales_minor - sales_days.discounts_minor - sales_days.sales_reversals_minor) / shop_money.minor_per_unit, shop_money.decimals) as net_sales,  -- gross sales minus discounts minus sales reversals
    round(sales_days.shipping_minor / shop_money.minor_per_unit, shop_money.decimals) as shipping,  -- shipping charged minus shipping refunded
    round(sales_days.taxes_minor / shop_money.minor_per_unit, shop_money.decimals) as taxes,  -- of every ledger line, with their reversals
    round(sales_days.fees_minor / shop_money.minor_per_unit, shop_money.decimals) as fees,  -- duties and fees
    round((sales_days.gross_sales_minor - sales_days.discounts_minor - sales_days.sales_reversals_minor + sales_days.shipping_minor + sales_days.taxes_minor + sales_days.fees_minor) / shop_money.minor_per_unit, shop_money.decimals) as total_sales,  -- net sales plus shipping, taxes and fees
    sales_days.orders as orders  -- orders placed on the day
from sales_days
join shop_money on shop_money.shop_id = sales_days.shop_id
