-- a metric on a day, for one segment and one kind of window

select
    shops.domain as shop,  -- the permanent myshopify.com name
    metric_readings.metric as metric,  -- id in the metric catalogue
    metric_readings.metric_version as metric_version,  -- version of its definition
    metric_readings.segment as segment,  -- which part, such as customer_type=returning, of those that OKR files ask for; empty for everything
    metric_readings.metric_date as metric_date,  -- the last shop day of the window
    metric_readings.window_kind as window_kind,  -- day, quarter_to_date, trailing_28d or as_of
    metric_readings.unit as unit,  -- count, money or ratio
    case when metric_readings.unit = 'money' then shops.currency end as currency,  -- of a money value
    cast(metric_readings.value as numeric) as value,  -- money in the shop's currency, rates as fractions; empty when there is none
    cast(metric_readings.numerator as numeric) as numerator,  -- what was divided, or the value itself
    cast(metric_readings.denominator as numeric) as denominator,  -- what it was divided by; empty for plain sums and counts
    cast(metric_readings.value_low as numeric) as value_low,  -- lower end of a 95 % interval, where noise makes sense
    cast(metric_readings.value_high as numeric) as value_high,  -- upper end of it
    metric_readings.observed_at as observed_at  -- when this answer was found, UTC
from metric_readings
join shops on shops.shop_id = metric_readings.shop_id
where metric_readings.superseded_at is null
