-- an order, test orders and orders deleted at Shopify left out

select
    shop_money.shop as shop,  -- the permanent myshopify.com name
    orders.order_id as order_id,  -- Shopify's id of the order
    orders.order_name as order_name,  -- the name people see, such as #1001
    orders.processed_date as processed_date,  -- the order day: processedAt in the shop's time zone
    orders.created_at as created_at,  -- when the order was made, UTC
    order_facts.customer_id as customer_id,  -- Shopify's id of the customer, after merges the kept one; empty for guests without a record
    order_facts.nth as customer_order_number,  -- the how-manieth order of this customer, from 1
    case when order_facts.nth is null then 'unknown' when order_facts.nth = 1 then 'first_time' else 'returning' end as customer_type,  -- first_time, returning, or unknown without a customer
    orders.source_name as source,  -- where it came from: web, pos, a draft or an app
    orders.channel as channel,  -- Shopify's channel attribution, from API version 2026-07
    orders.financial_status as financial_status,  -- PAID, PENDING, REFUNDED, VOIDED and so on
    orders.cancelled_at is not null as is_cancelled,  -- was it cancelled? cancelled orders still count
    orders.is_b2b as is_b2b,  -- was it bought by a company?
    shop_money.currency as currency,  -- of all amounts in this row: the shop's currency
    round(order_facts.gross_sales_minor / shop_money.minor_per_unit, shop_money.decimals) as gross_sales,  -- product sales at order time, before discounts
    round(order_facts.discounts_minor / shop_money.minor_per_unit, shop_money.decimals) as discounts,  -- discounts at order time, a positive number
    round((order_facts.gross_sales_minor - order_facts.discounts_minor) / shop_money.minor_per_unit, shop_money.decimals) as net_sales,  -- gross sales minus discounts at order time
    round(orders.original_total_minor / shop_money.minor_per_unit, shop_money.decimals) as total_sales,  -- what the order came to when placed, with shipping and taxes
    round(orders.refunded_minor / shop_money.minor_per_unit, shop_money.decimals) as refunded,  -- refunded since, a positive number
    orders.discount_code as discount_code,  -- the first discount code, lower case
    orders.referrer as referrer,  -- where the last visit before the order came from
    orders.utm_source as utm_source,  -- of the last visit
    orders.utm_medium as utm_medium,  -- of the last visit
    orders.utm_campaign as utm_campaign  -- of the last visit
from order_facts
join orders on orders.shop_id = order_facts.shop_id and orders.order_id = order_facts.order_id
join shop_money on shop_money.shop_id = orders.shop_id
