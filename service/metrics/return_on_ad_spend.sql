-- id: return_on_ad_spend
-- version: 1
-- title: Return on ad spend, by last click
-- question: How many times over did campaigns bring in what they cost? Credit by last click is no proof of effect.
-- kind: ratio
-- unit: ratio
-- numerator: last_click_sales (money)
-- denominator: spend (money)
-- population: spend up to the last day that was imported, and counted orders up to that day whose last visit carries
--   the utm values of spend on or before the order day
-- date_basis: spend_day
-- segments: utm_*
-- leaves_out: test, deleted, no_paid_click, beyond_spend
-- interval: none
-- connector: spend, orders
-- source: https://shopify.dev/docs/api/shopifyql/latest/schemas/marketing/campaign_sales
-- decision: docs/decisions.md#last-click-is-credit-for-what-was-paid-for

select
    metric_date,
    sum(sales_minor) as numerator,
    sum(amount_minor) as denominator
from (
    select
        metric_date,
        gross_sales_minor - discounts_minor as sales_minor,
        0 as amount_minor
    from last_click_orders
    union all
    select
        metric_date,
        0 as sales_minor,
        amount_minor
    from counted_spend
) as sales_and_spend
group by metric_date
