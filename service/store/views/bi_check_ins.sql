-- a check-in as it was published, never changed

select
    shops.domain as shop,  -- the permanent myshopify.com name
    check_ins.quarter as quarter,  -- such as 2026-Q3
    key_results.objective_id as objective_id,  -- id in the OKR file
    key_results.objective as objective,  -- its title
    check_ins.key_result_id as key_result_id,  -- id in the OKR file
    key_results.key_result as key_result,  -- its title
    key_results.owner as owner,  -- who answers for it
    check_ins.checked_in_at as checked_in_at,  -- the scheduled moment it answers, or when a person wrote it, UTC
    check_ins.published_at as published_at,  -- when it was written, UTC
    check_ins.is_by_hand as is_by_hand,  -- did a person write it?
    check_ins.as_of_date as as_of_date,  -- this shop day was complete
    cast(check_ins.value as numeric) as value,  -- where it stood
    cast(check_ins.value_low as numeric) as value_low,  -- lower end of a 95 % interval
    cast(check_ins.value_high as numeric) as value_high,  -- upper end of it
    cast(check_ins.baseline as numeric) as baseline,  -- where it began
    cast(check_ins.target as numeric) as target,  -- where it should arrive
    cast(check_ins.attainment as numeric) as attainment,  -- how far, as a fraction; may pass 1
    cast(check_ins.progress as numeric) as progress,  -- attainment held between 0 and 1
    cast(check_ins.expected_progress as numeric) as expected_progress,  -- what the pace asked for
    check_ins.status as status,  -- the verdict
    check_ins.explanation as explanation,  -- the verdict in a sentence
    cast(check_ins.confidence as numeric) as confidence,  -- a person's, as a fraction
    check_ins.note as note,  -- a person's words
    check_ins.data_as_of as data_as_of  -- all changes before this moment are in it, UTC
from check_ins
left join key_results
    on key_results.shop_id = check_ins.shop_id
    and key_results.quarter = check_ins.quarter
    and key_results.key_result_id = check_ins.key_result_id
    and key_results.superseded_at is null
join shops on shops.shop_id = check_ins.shop_id
