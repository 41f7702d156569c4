-- a status and how bad it is for the objective it belongs to

select
    'achieved' as status,  -- the status
    0 as badness  -- the higher the worse
union all select 'on_track', 1
union all select 'too_early', 2
union all select 'stale', 3
union all select 'incomplete', 4
union all select 'no_data', 5
union all select 'partly_achieved', 6
union all select 'at_risk', 7
union all select 'off_track', 8
union all select 'missed', 9
