-- a key result, now; once its quarter is closed, as it was closed

select
    shops.domain as shop,  -- the permanent myshopify.com name
    key_result_now.quarter as quarter,  -- such as 2026-Q3
    key_result_now.state as state,  -- of the quarter: draft, active, waiting (for its close) or closed
    key_result_now.objective_id as objective_id,  -- id in the OKR file
    key_result_now.objective as objective,  -- its title
    key_result_now.key_result_id as key_result_id,  -- id in the OKR file
    key_result_now.key_result as key_result,  -- its title
    key_result_now.owner as owner,  -- who answers for it
    key_result_now.position as position,  -- its place in the OKR file, from 0
    key_result_now.metric as metric,  -- id in the metric catalogue
    key_result_now.metric_version as metric_version,  -- version of its definition
    key_result_now.segment as segment,  -- which part of it; empty for everything
    coalesce(key_result_now.form, 'reach') as form,  -- reach, at_least, at_most, keep_between or milestone
    key_result_now.unit as unit,  -- count, money or ratio
    key_result_now.currency as currency,  -- of money values
    key_result_now.direction as direction,  -- increase or decrease
    cast(key_result_now.baseline as numeric) as baseline,  -- where it began
    cast(key_result_now.target as numeric) as target,  -- where it should arrive; the limit, where there is a single one to keep
    cast(key_result_now.stretch as numeric) as stretch,  -- what would be beyond the target
    key_result_now.commitment as commitment,  -- committed or aspirational, where its owners say so
    key_result_now.pace as pace,  -- what is expected by: linear, phased, or seasonal and as which quarters
    cast(key_result_now.value as numeric) as value,  -- where it stands
    cast(key_result_now.value_low as numeric) as value_low,  -- lower end of a 95 % interval
    cast(key_result_now.value_high as numeric) as value_high,  -- upper end of it
    cast(key_result_now.attainment as numeric) as attainment,  -- how far, as a fraction; may pass 1
    cast(key_result_now.progress as numeric) as progress,  -- attainment held between 0 and 1
    cast(key_result_now.expected_progress as numeric) as expected_progress,  -- what the pace asks for by now
    key_result_now.status as status,  -- no_data, incomplete, stale, too_early, on_track, at_risk, off_track, achieved, partly_achieved, missed
    cast(key_result_now.confidence as numeric) as confidence,  -- a person's, from the newest check-in that has one, else as planned; a fraction
    cast(key_result_now.forecast as numeric) as forecast,  -- the value at the end of the quarter, as foreseen on its newest complete day; empty with too little history
    cast(key_result_now.forecast_low as numeric) as forecast_low,  -- lower end of its 80 % interval
    cast(key_result_now.forecast_high as numeric) as forecast_high,  -- upper end of it
    cast(key_result_now.probability as numeric) as probability,  -- of reaching the target; of limits, of ending within them
    cast(key_result_now.final_score as numeric) as final_score,  -- once the quarter is closed, 0 to 1
    key_result_now.as_of_date as as_of_date,  -- this shop day was complete
    key_result_now.data_as_of as data_as_of,  -- all changes before this moment are in it, UTC
    key_result_now.explanation as explanation  -- the status in a sentence
from key_result_now
join shops on shops.shop_id = key_result_now.shop_id
