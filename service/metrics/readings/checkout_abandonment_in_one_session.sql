-- id: checkout_abandonment_in_one_session
-- version: 1
-- title: Checkout abandonment in one session
-- question: Which share of the sessions that reached the checkout did not complete it?
-- kind: ratio
-- unit: ratio
-- numerator: sessions that reached the checkout and did not complete it (count)
-- denominator: sessions that reached the checkout (count)
-- population: sessions of people in the online store, bots left out; visitors who refuse to be counted are
--   missing, as in Shopify's reports
-- date_basis: session_day
-- segments: referrer_source, utm_*, device
-- leaves_out: bots
-- interval: wilson
-- connector: sessions
-- source:
--   https://community.shopify.com/c/ecommerce-marketing/quot-sessions-that-completed-checkout-quot-does-not-equal-quot/td-p/2972160
-- decision: docs/decisions.md#completed-by-reached-and-which-completed

select
    metric_date,
    sum(reached_checkout - reached_and_completed) as numerator,
    sum(reached_checkout) as denominator
from counted_sessions
group by metric_date
