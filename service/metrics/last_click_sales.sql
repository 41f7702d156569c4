-- id: last_click_sales
-- version: 1
-- title: Last-click sales of paid campaigns
-- question: What were the orders worth whose last visit came from a campaign that money was spent on?
-- kind: flow
-- unit: money
-- numerator: gross sales − discounts at order time (money)
-- population: counted orders whose last visit carries the utm values of spend on or before the order day; no test
--   orders, none deleted at Shopify; up to the last day that spend was imported for
-- date_basis: order_day
-- segments: utm_*
-- leaves_out: test, deleted, no_paid_click, beyond_spend
-- interval: none
-- connector: spend, orders
-- source: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/CustomerJourneySummary
-- decision: docs/decisions.md#last-click-is-credit-for-what-was-paid-for

select
    metric_date,
    sum(gross_sales_minor - discounts_minor) as numerator
from last_click_orders
group by metric_date
