-- What was sold had come into stock before, and is the stock of one sold piece.
select i.id
from {{ source('thelook', 'inventory_items') }} as i
left join {{ source('thelook', 'order_items') }} as oi on oi.inventory_item_id = i.id
group by i.id, i.sold_at, i.created_at
having i.sold_at <= i.created_at or count(oi.id) <> (case when i.sold_at is null then 0 else 1 end)
