-- a counted order of a known customer, with the month it was placed in; months are numbered through, from January of the year 0

select
    order_facts.shop_id as shop_id,  -- Shopify's id of the shop
    order_facts.order_id as order_id,  -- Shopify's id of the order
    order_facts.customer_id as customer_id,  -- after merges the kept one
    order_facts.nth as nth,  -- the customer's order number, from 1
    cast(date_trunc('month', cast(order_facts.order_date as timestamp)) as date) as month_start,  -- first day of the month of the order day
    cast(12 * date_part('year', order_facts.order_date) + date_part('month', order_facts.order_date) - 1 as integer) as month_number,  -- number of that month
    cast(12 * date_part('year', order_facts.prev_date) + date_part('month', order_facts.prev_date) - 1 as integer) as prev_month_number,  -- that of the customer's order before
    order_facts.gross_sales_minor - order_facts.discounts_minor as placed_minor  -- gross sales minus discounts at order time, minor units
from order_facts
where order_facts.customer_id is not null
