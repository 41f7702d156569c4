-- a shop and what one unit of its currency is in minor units; the other views divide by it

select
    shops.shop_id as shop_id,  -- Shopify's id of the shop
    shops.domain as shop,  -- the permanent myshopify.com name
    shops.currency as currency,  -- ISO 4217 code of the shop's currency
    shops.currency_exponent as decimals,  -- decimals of that currency
    case shops.currency_exponent when 0 then 1.0 when 3 then 1000.0 else 100.0 end as minor_per_unit  -- minor units in one unit
from shops
