-- a shop day on which something was sold, reversed or ordered, in minor units

select
    shop_id as shop_id,  -- Shopify's id of the shop
    sales_date as sales_date,  -- the shop's own day
    sum(gross_sales_minor) as gross_sales_minor,  -- minor units
    sum(discounts_minor) as discounts_minor,  -- minor units
    sum(sales_reversals_minor) as sales_reversals_minor,  -- minor units
    sum(shipping_minor) as shipping_minor,  -- minor units
    sum(taxes_minor) as taxes_minor,  -- minor units
    sum(fees_minor) as fees_minor,  -- minor units
    sum(orders) as orders  -- orders placed on the day
from (
    select
        order_sales.shop_id, order_sales.event_date as sales_date, order_sales.gross_sales_minor, order_sales.discounts_minor,
        order_sales.sales_reversals_minor, order_sales.shipping_minor, order_sales.taxes_minor, order_sales.fees_minor, 0 as orders
    from order_sales
    join order_facts on order_facts.shop_id = order_sales.shop_id and order_facts.order_id = order_sales.order_id
    union all
    select order_facts.shop_id, order_facts.order_date, 0, 0, 0, 0, 0, 0, 1
    from order_facts
) as entries
group by shop_id, sales_date
