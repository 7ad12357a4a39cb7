-- One row per buyer: recency, frequency and money, each cut into quintiles (5 is best).
with bought as (
    select
        oi.user_id,
        min(oi.created_at) as first_order_at,
        max(oi.created_at) as last_order_at,
        count(distinct oi.order_id) as orders,
        sum(oi.sale_price) as revenue
    from {{ source('thelook', 'order_items') }} as oi
    where oi.status not in ('Cancelled', 'Returned')
    group by 1
)

select
    b.user_id,
    u.country,
    u.gender,
    u.traffic_source,
    b.first_order_at,
    b.last_order_at,
    b.orders,
    b.revenue,
    ntile(5) over (order by b.last_order_at, b.user_id) as recency,
    ntile(5) over (order by b.orders, b.user_id) as frequency,
    ntile(5) over (order by b.revenue, b.user_id) as money
from bought as b
join {{ source('thelook', 'users') }} as u on u.id = b.user_id
