-- One row per day: orders, pieces, revenue and gross margin of what was neither cancelled nor returned.
select
    cast(oi.created_at at time zone 'UTC' as date) as day,
    count(distinct oi.order_id) as orders,
    count(distinct oi.user_id) as buyers,
    count(*) as pieces,
    sum(oi.sale_price) as revenue,
    sum(oi.sale_price - p.cost) as gross_margin
from {{ source('thelook', 'order_items') }} as oi
join {{ source('thelook', 'products') }} as p on p.id = oi.product_id
where oi.status not in ('Cancelled', 'Returned')
group by 1
