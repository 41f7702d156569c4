-- id: added_to_cart_rate
-- version: 1
-- title: Added-to-cart rate
-- question: In which share of the sessions was something put into the cart?
-- kind: ratio
-- unit: ratio
-- numerator: sessions with cart additions (count)
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
    sum(with_cart_additions) as numerator,
    sum(sessions) as denominator
from counted_sessions
group by metric_date
