-- the present moment, as an instant

select
    current_timestamp as now  -- this moment, UTC
