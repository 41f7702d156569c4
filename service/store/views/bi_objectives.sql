-- an objective, now: its key results weighed together, its status the worst of theirs

select
    shops.domain as shop,  -- the permanent myshopify.com name
    summed.quarter as quarter,  -- such as 2026-Q3
    summed.objective_id as objective_id,  -- id in the OKR file
    summed.objective as objective,  -- its title
    summed.owner as owner,  -- who answers for it
    summed.weighted_progress / nullif(summed.measured_weight, 0) as progress,  -- weighted mean over the key results that have a value
    summed.weighted_expected / nullif(summed.measured_weight, 0) as expected_progress,  -- what the pace asks of the same key results by now
    status_ranks.status as status,  -- the worst of its key results; what is known to fall short is worse than silence
    summed.key_results_measured as key_results_measured,  -- how many have a value
    summed.key_results_total as key_results_total  -- how many there are
from (
    select
        key_result_now.shop_id, key_result_now.quarter, key_result_now.objective_id,
        max(key_result_now.objective) as objective, max(key_result_now.objective_owner) as owner,
        sum(key_result_now.weight * key_result_now.progress) as weighted_progress,
        sum(case when key_result_now.progress is not null then key_result_now.weight * key_result_now.expected_progress end) as weighted_expected,
        sum(case when key_result_now.progress is not null then key_result_now.weight * 1.0 end) as measured_weight,
        sum(case when key_result_now.progress is not null then 1 else 0 end) as key_results_measured,
        count(*) as key_results_total,
        max(status_ranks.badness) as badness
    from key_result_now
    join status_ranks on status_ranks.status = key_result_now.status
    group by key_result_now.shop_id, key_result_now.quarter, key_result_now.objective_id
) as summed
join status_ranks on status_ranks.badness = summed.badness
join shops on shops.shop_id = summed.shop_id
