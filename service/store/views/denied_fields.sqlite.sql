-- a connector and the optional fields that Shopify denies this app

select
    parts.shop_id as shop_id,  -- Shopify's id of the shop
    parts.connector as connector,  -- what is read
    group_concat(parts.part, ', ') as denied  -- the parts, as the connector names them
from (
    select shop_id, substr(part, 1, instr(part, '.') - 1) as connector, substr(part, instr(part, '.') + 1) as part
    from denied_parts
    order by shop_id, part
) as parts
group by parts.shop_id, parts.connector
