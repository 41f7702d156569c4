-- how far a shop's orders reach in months, numbered as in order_months

select
    days.shop_id as shop_id,  -- Shopify's id of the shop
    12 * cast(substr(days.newest_date, 1, 4) as integer) + cast(substr(days.newest_date, 6, 2) as integer) - 1 as newest_month,  -- the newest with an order, or with a day that was read
    12 * cast(substr(days.read_before, 1, 4) as integer) + cast(substr(days.read_before, 6, 2) as integer) - 2 as whole_month  -- the newest that is over where the shop is and was read whole; empty while anything is missing
from (
    select
        shops.shop_id,
        max(newest.order_date, coalesce(complete_histories.read_before, newest.order_date)) as newest_date,
        complete_histories.read_before
    from shops
    join (select shop_id, max(order_date) as order_date from order_facts group by shop_id) as newest on newest.shop_id = shops.shop_id
    left join complete_histories on complete_histories.shop_id = shops.shop_id
) as days
