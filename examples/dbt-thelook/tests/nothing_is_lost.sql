-- Every piece is in daily_sales, or its order was cancelled or returned.
select *
from (select sum(pieces) as pieces, sum(revenue) as revenue from {{ ref('daily_sales') }}) as ours
cross join (
    select count(*) as pieces, sum(sale_price) as revenue
    from {{ source('thelook', 'order_items') }}
    where status not in ('Cancelled', 'Returned')
) as theirs
where ours.pieces <> theirs.pieces or ours.revenue <> theirs.revenue
