-- the moment up to which a shop's checkouts have had 24 hours to be completed, as far as the data reach

select
    watermarks.shop_id as shop_id,  -- Shopify's id of the shop
    strftime('%Y-%m-%dT%H:%M:%SZ', watermarks.position, '-24 hours') as over_at  -- checkouts begun up to then count, UTC
from watermarks
where watermarks.connector = 'checkouts'
