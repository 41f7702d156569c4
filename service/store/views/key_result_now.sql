-- a key result with its newest reading, its status as of this moment, and what people said of it; frozen once closed

select
    key_results.shop_id as shop_id,  -- Shopify's id of the shop
    key_results.quarter as quarter,  -- such as 2026-Q3
    case when plan_states.waits_at <= clock.now then 'waiting' else plan_states.state end as state,  -- of the quarter: draft, active, waiting or closed
    plan_states.because as state_because,  -- why it is a draft
    plan_states.waits_at as waits_at,  -- from when on it waits for its close, UTC; empty unless it is open
    key_results.objective_id as objective_id,  -- id in the OKR file
    key_results.objective as objective,  -- its title
    key_results.objective_owner as objective_owner,  -- who answers for the objective
    key_results.key_result_id as key_result_id,  -- id in the OKR file
    key_results.key_result as key_result,  -- its title
    key_results.owner as owner,  -- who answers for it
    key_results.position as position,  -- its place in the OKR file, from 0
    key_results.metric as metric,  -- id in the metric catalogue
    key_results.metric_version as metric_version,  -- version of its definition
    key_results.segment as segment,  -- which part of it; empty for everything
    key_results.form as form,  -- reach, at_least, at_most, keep_between or milestone
    key_results.unit as unit,  -- count, money or ratio
    key_results.currency as currency,  -- of money values
    key_results.direction as direction,  -- increase or decrease
    key_results.weight as weight,  -- in its objective
    key_results.baseline as baseline,  -- where it began
    key_results.target as target,  -- where it should arrive
    key_results.target_rule as target_rule,  -- as its file has it
    key_results.stretch as stretch,  -- what would be beyond the target
    key_results.commitment as commitment,  -- committed or aspirational, where its owners say so
    key_results.pace as pace,  -- what is expected by: linear, phased, or seasonal and as which quarters
    key_results.held_back as held_back,  -- what its file says now and was not accepted
    case when closings.closed_at is null then newest.as_of_date else closings.as_of_date end as as_of_date,  -- this shop day was complete
    case when closings.closed_at is null then newest.value else closings.value end as value,  -- the reading
    case when closings.closed_at is null then newest.value_low else closings.value_low end as value_low,  -- lower end of its 95 % interval
    case when closings.closed_at is null then newest.value_high else closings.value_high end as value_high,  -- upper end of it
    case when closings.closed_at is null then newest.attainment else closings.attainment end as attainment,  -- how far from baseline to target
    case when closings.closed_at is null then newest.progress else closings.progress end as progress,  -- attainment held between 0 and 1
    case when closings.closed_at is null then newest.expected_progress else closings.expected_progress end as expected_progress,  -- what the pace asks for on that day
    case when closings.closed_at is not null then closings.status when newest.status is null then 'no_data' when newest.fresh_until < clock.now and newest.status not in ('no_data', 'incomplete') then 'stale' else newest.status end as status,  -- the verdict, stale once nothing newer came
    case when closings.closed_at is not null then closings.explanation when newest.status is null then 'never measured yet' when newest.fresh_until < clock.now and newest.status not in ('no_data', 'incomplete') then 'no newer data than this; it was: ' || newest.explanation else newest.explanation end as explanation,  -- the verdict in a sentence
    case when closings.closed_at is null then newest.data_as_of else closings.data_as_of end as data_as_of,  -- all changes before this moment are in it, UTC
    coalesce(said.confidence, key_results.confidence) as confidence,  -- a person's, from the newest check-in that has one, else as planned
    said.checked_in_at as confidence_at,  -- of that check-in
    (
        select max(check_ins.checked_in_at)
        from check_ins
        where check_ins.shop_id = key_results.shop_id
            and check_ins.quarter = key_results.quarter
            and check_ins.key_result_id = key_results.key_result_id
    ) as checked_in_at,  -- of the newest check-in
    expected.forecast as forecast,  -- the value at the end of the quarter, as expected on the newest day that has a forecast
    expected.forecast_low as forecast_low,  -- lower end of its 80 % interval
    expected.forecast_high as forecast_high,  -- upper end of it
    expected.probability as probability,  -- of reaching the target
    closings.final_score as final_score,  -- once the quarter is closed
    closings.closed_at as closed_at,  -- when it was closed, UTC
    closings.next_step as next_step  -- carry, modify or drop
from key_results
cross join clock
left join plan_states
    on plan_states.shop_id = key_results.shop_id
    and plan_states.quarter = key_results.quarter
    and plan_states.superseded_at is null
left join key_result_readings as newest
    on newest.shop_id = key_results.shop_id
    and newest.quarter = key_results.quarter
    and newest.key_result_id = key_results.key_result_id
    and newest.superseded_at is null
    and newest.as_of_date = (
        select max(later.as_of_date)
        from key_result_readings as later
        where later.shop_id = key_results.shop_id
            and later.quarter = key_results.quarter
            and later.key_result_id = key_results.key_result_id
            and later.superseded_at is null
    )
left join closings
    on closings.shop_id = key_results.shop_id
    and closings.quarter = key_results.quarter
    and closings.key_result_id = key_results.key_result_id
left join forecasts as expected
    on closings.closed_at is null
    and expected.shop_id = key_results.shop_id
    and expected.quarter = key_results.quarter
    and expected.key_result_id = key_results.key_result_id
    and expected.superseded_at is null
    and expected.as_of_date = (
        select max(later.as_of_date)
        from forecasts as later
        where later.shop_id = key_results.shop_id
            and later.quarter = key_results.quarter
            and later.key_result_id = key_results.key_result_id
            and later.superseded_at is null
    )
left join check_ins as said
    on said.shop_id = key_results.shop_id
    and said.quarter = key_results.quarter
    and said.key_result_id = key_results.key_result_id
    and said.confidence is not null
    and said.checked_in_at = (
        select max(check_ins.checked_in_at)
        from check_ins
        where check_ins.shop_id = key_results.shop_id
            and check_ins.quarter = key_results.quarter
            and check_ins.key_result_id = key_results.key_result_id
            and check_ins.confidence is not null
    )
where key_results.superseded_at is null
