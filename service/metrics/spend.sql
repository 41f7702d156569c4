-- id: spend
-- version: 1
-- title: Ad spend
-- question: What did campaigns cost?
-- kind: flow
-- unit: money
-- numerator: amounts spent (money)
-- population: spend imported from files, and that of initiatives of the OKR files that no file speaks of, spread
--   evenly over their days; up to the last day that was imported
-- date_basis: spend_day
-- segments: utm_*
-- leaves_out: beyond_spend
-- interval: none
-- connector: spend
-- source: https://support.google.com/analytics/answer/10917952
-- decision: docs/decisions.md#spend-is-what-people-say-was-spent

select
    metric_date,
    sum(amount_minor) as numerator
from counted_spend
group by metric_date
