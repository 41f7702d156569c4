-- id: listed_checkouts
-- version: 1
-- title: Listed checkouts
-- question: How many checkouts did Shopify list as abandoned, whatever became of them?
-- kind: flow
-- unit: count
-- numerator: checkouts, recovered ones as well (count)
-- population: checkouts whose buyer left contact details, begun at least 24 hours before the data end
-- date_basis: checkout_day
-- segments: none
-- leaves_out: within_grace
-- interval: none
-- connector: checkouts
-- source: https://shopify.dev/changelog/new-abandoned-checkouts-listing-endpoint-on-the-admin-graphql-api
-- decision: docs/decisions.md#abandoned-after-a-day

select
    metric_date,
    count(*) as numerator
from counted_checkouts
group by metric_date
