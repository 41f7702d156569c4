-- a key result, now

select
    shops.domain as shop,  -- the permanent myshopify.com name
    key_results.quarter as quarter,  -- such as 2026-Q3
    key_results.objective_id as objective_id,  -- id in the OKR file
    key_results.objective as objective,  -- its title
    key_results.key_result_id as key_result_id,  -- id in the OKR file
    key_results.key_result as key_result,  -- its title
    key_results.owner as owner,  -- who answers for it
    key_results.metric as metric,  -- id in the metric catalogue
    key_results.metric_version as metric_version,  -- version of its definition
    key_results.segment as segment,  -- which part of it; empty for everything
    coalesce(key_results.form, 'reach') as form,  -- reach, at_least, at_most, keep_between or milestone
    key_results.unit as unit,  -- count, money or ratio
    key_results.currency as currency,  -- of money values
    key_results.direction as direction,  -- increase or decrease
    cast(key_results.baseline as numeric) as baseline,  -- where it began
    cast(key_results.target as numeric) as target,  -- where it should arrive; the limit, where there is a single one to keep
    cast(key_results.stretch as numeric) as stretch,  -- what would be beyond the target
    key_results.commitment as commitment,  -- committed or aspirational, where its owners say so
    key_results.pace as pace,  -- what is expected by: linear, phased, or seasonal and as which quarters
    cast(key_result_now.value as numeric) as value,  -- where it stands
    cast(key_result_now.value_low as numeric) as value_low,  -- lower end of a 95 % interval
    cast(key_result_now.value_high as numeric) as value_high,  -- upper end of it
    cast(key_result_now.attainment as numeric) as attainment,  -- how far, as a fraction; may pass 1
    cast(key_result_now.progress as numeric) as progress,  -- attainment held between 0 and 1
    cast(key_result_now.expected_progress as numeric) as expected_progress,  -- what the pace asks for by now
    coalesce(key_result_now.status, 'no_data') as status,  -- no_data, incomplete, stale, too_early, on_track, at_risk, off_track, achieved, partly_achieved, missed
    cast(coalesce(newest_check_in.confidence, key_results.confidence) as numeric) as confidence,  -- a person's, from the newest check-in, else as planned; a fraction
    key_result_now.as_of_date as as_of_date,  -- this shop day was complete
    key_result_now.data_as_of as data_as_of,  -- all changes before this moment are in it, UTC
    coalesce(key_result_now.explanation, 'never measured yet') as explanation  -- the status in a sentence
from key_results
join shops on shops.shop_id = key_results.shop_id
left join key_result_now
    on key_result_now.shop_id = key_results.shop_id
    and key_result_now.quarter = key_results.quarter
    and key_result_now.key_result_id = key_results.key_result_id
left join check_ins as newest_check_in
    on newest_check_in.shop_id = key_results.shop_id
    and newest_check_in.quarter = key_results.quarter
    and newest_check_in.key_result_id = key_results.key_result_id
    and newest_check_in.checked_in_at = (
        select max(check_ins.checked_in_at)
        from check_ins
        where check_ins.shop_id = key_results.shop_id
            and check_ins.quarter = key_results.quarter
            and check_ins.key_result_id = key_results.key_result_id
    )
