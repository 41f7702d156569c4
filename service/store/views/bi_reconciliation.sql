-- a figure of a shop day, ours beside Shopify's own, as last compared

select
    shops.domain as shop,  -- the permanent myshopify.com name
    reconciliations.day as day,  -- the shop's own day
    reconciliations.figure as figure,  -- orders_created and orders_processed are Shopify's counts of orders, test orders too; the others are its sales report
    cast(reconciliations.ours as numeric) as ours,  -- money in the shop's currency; discounts and reversals are positive
    cast(reconciliations.shopify as numeric) as shopify,  -- the same, as Shopify says it; counts that agree over a stretch of days are taken to agree on each of them
    cast(reconciliations.difference as numeric) as difference,  -- ours less Shopify's
    reconciliations.cause as cause,  -- why they differ: test, deleted, merged, zone, reversal_dating, not_yet_synced, hidden, rounding or unexplained; where they agree again: deleted, merged or missed, which was mended; empty otherwise
    shops.currency as currency,  -- of amounts
    reconciliations.checked_at as checked_at,  -- when they were last compared, UTC
    reconciliations.read_again_at as read_again_at  -- when the day's orders were read again because of this difference, UTC
from reconciliations
join shops on shops.shop_id = reconciliations.shop_id
