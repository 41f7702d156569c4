-- a run of a connector

select
    shops.domain as shop,  -- the permanent myshopify.com name
    sync_runs.run_id as run_id,  -- a random id
    sync_runs.connector as connector,  -- what was read; reconcile for a comparison with Shopify
    sync_runs.kind as kind,  -- backfill, incremental, reread when single orders were asked for again, reconcile, or connect when it ended at the door
    sync_runs.started_at as started_at,  -- UTC
    sync_runs.finished_at as finished_at,  -- UTC; empty while it runs
    sync_runs.outcome as outcome,  -- running, done, interrupted (run it again), rests (needs a person) or failed
    sync_runs.rows as rows,  -- rows read
    sync_runs.rows_changed as rows_changed,  -- rows that were new or differed
    sync_runs.watermark_before as watermark_before,  -- UTC
    sync_runs.watermark_after as watermark_after,  -- UTC
    sync_runs.error as error  -- what went wrong, or what was noticed
from sync_runs
join shops on shops.shop_id = sync_runs.shop_id
