-- id: sessions
-- version: 1
-- title: Sessions
-- question: How many visits did people pay to the online store?
-- kind: flow
-- unit: count
-- numerator: sessions (count)
-- population: sessions of people in the online store, bots left out; visitors who refuse to be counted are
--   missing, as in Shopify's reports
-- date_basis: session_day
-- segments: referrer_source, utm_*, device
-- leaves_out: bots
-- interval: none
-- connector: sessions
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/analytics-fields
-- decision: docs/decisions.md#the-session-funnel

select
    metric_date,
    sum(sessions) as numerator
from counted_sessions
group by metric_date
