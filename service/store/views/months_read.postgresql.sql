-- how far a shop's orders reach in months, numbered as in order_months

select
    days.shop_id as shop_id,  -- Shopify's id of the shop
    cast(12 * date_part('year', days.newest_date) + date_part('month', days.newest_date) - 1 as integer) as newest_month,  -- the newest with an order, or with a day that was read
    cast(12 * date_part('year', days.read_before) + date_part('month', days.read_before) - 2 as integer) as whole_month  -- the newest that is over where the shop is and was read whole; empty while anything is missing
from (
    select
        shops.shop_id,
        greatest(newest.order_date, complete_histories.read_before) as newest_date,
        complete_histories.read_before
    from shops
    join (select shop_id, max(order_date) as order_date from order_facts group by shop_id) as newest on newest.shop_id = shops.shop_id
    left join complete_histories on complete_histories.shop_id = shops.shop_id
) as days
