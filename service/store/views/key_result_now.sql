-- the newest reading of each key result, with its status as of this moment

select
    newest.shop_id as shop_id,  -- Shopify's id of the shop
    newest.quarter as quarter,  -- such as 2026-Q3
    newest.key_result_id as key_result_id,  -- id in the OKR file
    newest.as_of_date as as_of_date,  -- this shop day was complete
    newest.value as value,  -- the reading
    newest.value_low as value_low,  -- lower end of its 95 % interval
    newest.value_high as value_high,  -- upper end of it
    newest.attainment as attainment,  -- how far from baseline to target
    newest.progress as progress,  -- attainment held between 0 and 1
    newest.expected_progress as expected_progress,  -- what the pace asks for on that day
    case when newest.fresh_until < clock.now and newest.status not in ('no_data', 'incomplete') then 'stale' else newest.status end as status,  -- the verdict, stale once nothing newer came
    case when newest.fresh_until < clock.now and newest.status not in ('no_data', 'incomplete') then 'no newer data than this; it was: ' || newest.explanation else newest.explanation end as explanation,  -- the verdict in a sentence
    newest.data_as_of as data_as_of  -- all changes before this moment are in it, UTC
from key_result_readings as newest
cross join clock
where newest.as_of_date = (
    select max(later.as_of_date)
    from key_result_readings as later
    where later.shop_id = newest.shop_id and later.quarter = newest.quarter and later.key_result_id = newest.key_result_id
)
