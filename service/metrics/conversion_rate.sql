-- id: conversion_rate
-- version: 1
-- title: Conversion rate
-- question: Which share of the sessions completed a checkout? Shopify's own conversion rate.
-- kind: ratio
-- unit: ratio
-- numerator: sessions that completed a checkout (count)
-- denominator: sessions (count)
-- population: sessions of people in the online store, bots left out; visitors who refuse to be counted are
--   missing, as in Shopify's reports
-- date_basis: session_day
-- segments: referrer_source, utm_*, device
-- leaves_out: bots
-- interval: wilson
-- connector: sessions
-- source:
--   https://help.shopify.com/en/manual/reports-and-analytics/shopify-reports/report-types/analytics-fields
-- decision: docs/decisions.md#the-session-funnel

select
    metric_date,
    sum(completed_checkout) as numerator,
    sum(sessions) as denominator
from counted_sessions
group by metric_date
