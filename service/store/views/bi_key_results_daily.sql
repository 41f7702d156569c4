-- a key result on a day, as now known

select
    shops.domain as shop,  -- the permanent myshopify.com name
    key_results.quarter as quarter,  -- such as 2026-Q3
    key_results.objective_id as objective_id,  -- id in the OKR file
    key_results.objective as objective,  -- its title
    key_results.key_result_id as key_result_id,  -- id in the OKR file
    key_results.key_result as key_result,  -- its title
    key_results.owner as owner,  -- who answers for it
    key_results.metric as metric,  -- id in the metric catalogue
    key_results.unit as unit,  -- count, money or ratio
    key_results.currency as currency,  -- of money values
    key_result_readings.as_of_date as as_of_date,  -- this shop day was complete
    cast(key_result_readings.value as numeric) as value,  -- where it stood
    cast(key_result_readings.value_low as numeric) as value_low,  -- lower end of a 95 % interval
    cast(key_result_readings.value_high as numeric) as value_high,  -- upper end of it
    cast(key_results.baseline as numeric) as baseline,  -- where it began
    cast(key_results.target as numeric) as target,  -- where it should arrive
    cast(key_result_readings.attainment as numeric) as attainment,  -- how far, as a fraction; may pass 1
    cast(key_result_readings.progress as numeric) as progress,  -- attainment held between 0 and 1
    cast(key_result_readings.expected_progress as numeric) as expected_progress,  -- what the pace asked for
    key_result_readings.status as status,  -- the verdict on that day
    key_result_readings.explanation as explanation,  -- the verdict in a sentence
    key_result_readings.data_as_of as data_as_of,  -- all changes before this moment are in it, UTC
    key_result_readings.observed_at as observed_at  -- when this answer was found, UTC
from key_result_readings
join key_results
    on key_results.shop_id = key_result_readings.shop_id
    and key_results.quarter = key_result_readings.quarter
    and key_results.key_result_id = key_result_readings.key_result_id
    and key_results.superseded_at is null
join shops on shops.shop_id = key_results.shop_id
where key_result_readings.superseded_at is null
