-- the present moment, as an instant

select
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now') as now  -- this moment, UTC
