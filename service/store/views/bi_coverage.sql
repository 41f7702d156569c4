-- what a connector has fully read and verified, and what is missing

select
    shops.domain as shop,  -- the permanent myshopify.com name
    connectors.connector as connector,  -- what is read
    plans.covered_from as covered_from,  -- orders and checkouts created, or sessions begun, from here on are read, UTC; empty while nothing is
    watermarks.position as covered_to,  -- all changes before this moment are read, UTC
    plans.rows_verified as rows,  -- rows of the verified slices of history
    plans.rows_expected as expected_rows,  -- Shopify's own count of them when the reading was planned
    plans.verified_at as verified_at,  -- when the last slice was verified, UTC
    nullif(rtrim(
        case
            when plans.slices is null and watermarks.position is null then 'nothing of it has been read yet; '
            when plans.open_slices > 0 then cast(plans.open_slices as text) || ' of ' || cast(plans.slices as text) || ' slices of the history are not verified yet; '
            else ''
        end
        || case when newest.outcome = 'rests' then 'it rests: ' || newest.error || '; ' else '' end
        || case when watermarks.overdue_at < clock.now then 'overdue: nothing newer was read, and its schedule allows no such gap; ' else '' end
        || case when connectors.connector = 'orders' and pending_work.is_facts_stale then 'orders that were read are not counted yet; ' else '' end
        || case when connectors.connector = 'orders' and shops.history_is_cut then 'older orders are hidden from this app: scope read_all_orders is missing; ' else '' end
        || case when connectors.connector = 'checkouts' and plans.covered_from > shops.created_at then 'older ones cannot be reconstructed: Shopify no longer showed them when they were first read; ' else '' end
        || case when compared.unexplained_days > 0 then 'days that differ from Shopify''s own figures, unexplained: ' || cast(compared.unexplained_days as text) || '; ' else '' end,
        '; '
    ), '') as gap,  -- what is missing; empty when nothing is
    denied_fields.denied as denied,  -- what Shopify refuses this app and is left out of what is read: customer (who bought, is_b2b), journey (referrer, utm_*), product (product_type); empty when nothing is
    compared.days as compared_days,  -- shop days whose figures were compared with Shopify's own; of orders only
    compared.compared_at as compared_at,  -- when that was last done, UTC
    compared.unexplained_days as unexplained_days  -- how many of them differ for no known cause
from (
    select distinct shop_id, connector from sync_runs where connector <> 'reconcile'
) as connectors
join shops on shops.shop_id = connectors.shop_id
cross join clock
left join (
    select
        shop_id, connector, count(*) as slices, sum(case when verified_at is null then 1 else 0 end) as open_slices,
        min(case when verified_at is not null then visible_from end) as covered_from, max(verified_at) as verified_at,
        coalesce(sum(rows), 0) as rows_verified, sum(expected_rows) as rows_expected
    from backfill_slices
    group by shop_id, connector
) as plans on plans.shop_id = connectors.shop_id and plans.connector = connectors.connector
left join watermarks on watermarks.shop_id = connectors.shop_id and watermarks.connector = connectors.connector
left join sync_runs as newest
    on newest.shop_id = connectors.shop_id
    and newest.run_id = (
        select runs.run_id
        from sync_runs as runs
        where runs.shop_id = connectors.shop_id and runs.connector = connectors.connector and runs.outcome <> 'running'
        order by runs.started_at desc, runs.finished_at desc
        limit 1
    )
left join denied_fields on denied_fields.shop_id = connectors.shop_id and denied_fields.connector = connectors.connector
left join pending_work on pending_work.shop_id = connectors.shop_id
left join (
    select
        shop_id, 'orders' as connector, count(distinct day) as days, max(checked_at) as compared_at,
        count(distinct case when cause = 'unexplained' then day end) as unexplained_days
    from reconciliations
    group by shop_id
) as compared on compared.shop_id = connectors.shop_id and compared.connector = connectors.connector
