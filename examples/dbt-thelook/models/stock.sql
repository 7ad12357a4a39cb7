-- Products by category: what was sold of the stock, and how long it lay there.
select
    product_category as category,
    product_department as department,
    count(*) as pieces,
    count(sold_at) as sold,
    count(*) - count(sold_at) as in_stock,
    sum(cost) filter (where sold_at is null) as value_in_stock,
    avg(extract(epoch from sold_at - created_at) / 86400) as days_to_sale
from {{ source('thelook', 'inventory_items') }}
group by 1, 2
