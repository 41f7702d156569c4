-- a key result as its quarter was closed, never changed; what became known later is in bi_restatements

select
    shops.domain as shop,  -- the permanent myshopify.com name
    closings.quarter as quarter,  -- such as 2026-Q3
    closings.key_result_id as key_result_id,  -- id in the OKR file
    closings.closed_at as closed_at,  -- when the quarter was closed, UTC
    closings.as_of_date as as_of_date,  -- this shop day was complete
    cast(closings.value as numeric) as value,  -- where it ended
    cast(closings.attainment as numeric) as attainment,  -- how far, as a fraction; may pass 1
    cast(closings.progress as numeric) as progress,  -- attainment held between 0 and 1
    closings.status as status,  -- achieved, partly_achieved, missed; no_data or incomplete without a value
    cast(closings.final_score as numeric) as final_score,  -- the progress, or what a person gave in its place
    closings.score_reason as score_reason,  -- why a person gave another
    closings.root_cause as root_cause,  -- why it was not reached, from a closed list
    closings.learning as learning,  -- a person's words
    closings.next_step as next_step,  -- carry, modify or drop
    closings.data_as_of as data_as_of  -- all changes before this moment were in it, UTC
from closings
join shops on shops.shop_id = closings.shop_id
