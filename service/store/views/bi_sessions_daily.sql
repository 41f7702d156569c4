-- a day of the session funnel and all it is split by; each day stands twice, without bots and with them

select
    shops.domain as shop,  -- the permanent myshopify.com name
    session_days.sessions_date as sessions_date,  -- the shop's own day, on which the sessions began
    session_days.bots_excluded as bots_excluded,  -- are these people only? choose one, and never add both up
    session_days.referrer_source as referrer_source,  -- direct, search, social and so on; empty where nobody knows
    session_days.utm_source as utm_source,  -- of the visit
    session_days.utm_medium as utm_medium,  -- of the visit
    session_days.utm_campaign as utm_campaign,  -- of the visit
    session_days.device as device,  -- desktop, mobile, tablet
    session_days.sessions as sessions,  -- how many there were
    session_days.with_cart_additions as with_cart_additions,  -- of these, with something put into the cart
    session_days.reached_checkout as reached_checkout,  -- of these, those that reached the checkout
    session_days.completed_checkout as completed_checkout,  -- those that completed one, wherever they had reached it
    session_days.reached_and_completed as reached_and_completed  -- those that did both in this session
from session_days
join shops on shops.shop_id = session_days.shop_id
