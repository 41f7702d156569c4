-- a connector and the optional fields that Shopify denies this app

select
    denied_parts.shop_id as shop_id,  -- Shopify's id of the shop
    split_part(denied_parts.part, '.', 1) as connector,  -- what is read
    string_agg(split_part(denied_parts.part, '.', 2), ', ' order by denied_parts.part) as denied  -- the parts, as the connector names them
from denied_parts
group by denied_parts.shop_id, split_part(denied_parts.part, '.', 1)
