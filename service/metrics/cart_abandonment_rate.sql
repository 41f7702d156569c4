-- id: cart_abandonment_rate
-- version: 1
-- title: Cart abandonment rate
-- question: Which share of the sessions that put something into the cart did not end in a completed
--   checkout?
-- kind: ratio
-- unit: ratio
-- numerator: sessions with cart additions − sessions that completed a checkout (count)
-- denominator: sessions with cart additions (count)
-- population: sessions of people in the online store, bots left out; visitors who refuse to be counted are
--   missing, as in Shopify's reports
-- date_basis: session_day
-- segments: referrer_source, utm_*, device
-- leaves_out: bots
-- interval: wilson
-- connector: sessions
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/analytics-fields
-- decision: docs/decisions.md#completed-by-reached-and-which-completed

select
    metric_date,
    sum(with_cart_additions - completed_checkout) as numerator,
    sum(with_cart_additions) as denominator
from counted_sessions
group by metric_date
