-- Sessions by source and browser, and how far they come.
with sessions as (
    select
        session_id,
        min(traffic_source) as traffic_source,
        min(browser) as browser,
        bool_or(event_type = 'product') as saw_product,
        bool_or(event_type = 'cart') as filled_cart,
        bool_or(event_type = 'purchase') as bought
    from {{ source('thelook', 'events') }}
    group by 1
)

select
    traffic_source,
    browser,
    count(*) as sessions,
    count(*) filter (where saw_product) as with_product,
    count(*) filter (where filled_cart) as with_cart,
    count(*) filter (where bought) as with_purchase
from sessions
group by 1, 2
