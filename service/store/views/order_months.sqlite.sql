-- a counted order of a known customer, with the month it was placed in; months are numbered through, from January of the year 0

select
    order_facts.shop_id as shop_id,  -- Shopify's id of the shop
    order_facts.order_id as order_id,  -- Shopify's id of the order
    order_facts.customer_id as customer_id,  -- after merges the kept one
    order_facts.nth as nth,  -- the customer's order number, from 1
    date(order_facts.order_date, 'start of month') as month_start,  -- first day of the month of the order day
    12 * cast(substr(order_facts.order_date, 1, 4) as integer) + cast(substr(order_facts.order_date, 6, 2) as integer) - 1 as month_number,  -- number of that month
    12 * cast(substr(order_facts.prev_date, 1, 4) as integer) + cast(substr(order_facts.prev_date, 6, 2) as integer) - 1 as prev_month_number,  -- that of the customer's order before
    order_facts.gross_sales_minor - order_facts.discounts_minor as placed_minor  -- gross sales minus discounts at order time, minor units
from order_facts
where order_facts.customer_id is not null
