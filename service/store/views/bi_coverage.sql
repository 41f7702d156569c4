-- what a connector has fully read and verified

select
    shops.domain as shop,  -- the permanent myshopify.com name
    plans.connector as connector,  -- what is read
    plans.covered_from as covered_from,  -- what was created from here on is read, UTC; empty while nothing is
    watermarks.position as covered_to,  -- all changes before this moment are read, UTC
    plans.rows_verified as rows,  -- rows of the verified slices of history
    plans.rows_expected as expected_rows,  -- Shopify's own count of them when the reading was planned
    plans.verified_at as verified_at,  -- when the last slice was verified, UTC
    case when plans.open_slices > 0 then cast(plans.open_slices as text) || ' of ' || cast(plans.slices as text) || ' slices of the history are not verified yet' when plans.connector = 'checkouts' and plans.covered_from > shops.created_at then 'older ones cannot be reconstructed: Shopify no longer showed them when they were first read' when plans.connector = 'orders' and shops.history_is_cut then 'older orders are hidden from this app: scope read_all_orders is missing' end as gap  -- what is missing; empty when nothing is
from (
    select
        shop_id, connector, count(*) as slices, sum(case when verified_at is null then 1 else 0 end) as open_slices,
        min(case when verified_at is not null then visible_from end) as covered_from, max(verified_at) as verified_at,
        coalesce(sum(rows), 0) as rows_verified, sum(expected_rows) as rows_expected
    from backfill_slices
    group by shop_id, connector
) as plans
join shops on shops.shop_id = plans.shop_id
left join watermarks on watermarks.shop_id = plans.shop_id and watermarks.connector = plans.connector
