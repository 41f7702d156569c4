-- a shop whose orders were all read and counted, each with its customer: what the numbers of customers rest on

select
    shops.shop_id as shop_id,  -- Shopify's id of the shop
    watermarks.read_before as read_before  -- the shop days before this one are over and read
from shops
join watermarks on watermarks.shop_id = shops.shop_id and watermarks.connector = 'orders'
join (
    select shop_id, min(visible_from) as covered_from, count(*) - count(verified_at) as open_slices
    from backfill_slices
    where connector = 'orders'
    group by shop_id
) as plans on plans.shop_id = shops.shop_id
left join pending_work on pending_work.shop_id = shops.shop_id
where plans.open_slices = 0
    and plans.covered_from <= shops.created_at
    and not coalesce(pending_work.is_facts_stale, false)
    and not exists (
        select 1 from denied_parts where denied_parts.shop_id = shops.shop_id and denied_parts.part = 'orders.customer'
    )
