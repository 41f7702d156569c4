-- a checkout whose buyer left contact details and did not finish at once: abandoned, or recovered since

select
    shop_money.shop as shop,  -- the permanent myshopify.com name
    checkouts.checkout_id as checkout_id,  -- Shopify's id of the checkout
    checkouts.created_at as created_at,  -- when the buyer began it, UTC
    checkouts.created_date as created_date,  -- the same in the shop's time zone, as a day
    checkouts.completed_at as completed_at,  -- when it became an order, UTC; empty while it has not
    checkouts.completed_at is not null as is_recovered,  -- did the buyer come back and complete it?
    case when checkouts.currency = shop_money.currency then round(checkouts.total_minor / shop_money.minor_per_unit, shop_money.decimals) end as total,  -- what it came to, with shipping and taxes; empty when the shop has changed its currency since
    checkouts.currency as currency  -- of the total: the shop's when the checkout was read
from checkouts
join shop_money on shop_money.shop_id = checkouts.shop_id
