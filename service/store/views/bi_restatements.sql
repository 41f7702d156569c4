-- a past value that changed

select
    shops.domain as shop,  -- the permanent myshopify.com name
    restatements.about as about,  -- metric or key_result
    case when restatements.about = 'metric' then restatements.name else key_results.metric end as metric,  -- id in the metric catalogue
    case when restatements.about = 'key_result' then restatements.name end as key_result_id,  -- id in the OKR file; empty for a metric
    restatements.quarter as quarter,  -- of a key result, such as 2026-Q3; else empty
    restatements.segment as segment,  -- of a metric; else empty
    restatements.window_kind as window_kind,  -- of a metric; else empty
    restatements.restated_date as day,  -- the shop day whose answer changed
    cast(restatements.old_value as numeric) as old,  -- what it was
    cast(restatements.new_value as numeric) as new,  -- what it became
    cast(restatements.old_attainment as numeric) as old_attainment,  -- of a key result
    cast(restatements.new_attainment as numeric) as new_attainment,  -- of a key result
    restatements.old_status as old_status,  -- of a key result
    restatements.new_status as new_status,  -- of a key result
    restatements.cause as cause,  -- late_order, late_refund, late_return, edit, deletion, merge, customer (orders count as another one's), spend, several, data (not known which), definition, history (read further back), calendar (other quarters), target_change
    restatements.observed_at as observed_at  -- when the new answer was found, UTC
from restatements
left join key_results
    on restatements.about = 'key_result'
    and key_results.shop_id = restatements.shop_id
    and key_results.quarter = restatements.quarter
    and key_results.key_result_id = restatements.name
    and key_results.superseded_at is null
join shops on shops.shop_id = restatements.shop_id
