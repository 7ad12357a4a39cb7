-- The metrics list: name, value and meaning, from the other models.
with sales as (
    select sum(orders) as orders, sum(pieces) as pieces, sum(revenue) as revenue, sum(gross_margin) as gross_margin
    from {{ ref('daily_sales') }}
),

buyers as (
    select count(*) as buyers, count(*) filter (where orders > 1) as repeaters from {{ ref('customers') }}
),

visits as (
    select sum(sessions) as sessions, sum(with_product) as with_product, sum(with_cart) as with_cart,
        sum(with_purchase) as with_purchase
    from {{ ref('funnel') }}
),

stock as (
    select sum(pieces) as pieces, sum(sold) as sold from {{ ref('stock') }}
),

states as (
    select count(*) as orders, count(*) filter (where status = 'Returned') as returned,
        count(*) filter (where status = 'Cancelled') as cancelled
    from {{ source('thelook', 'orders') }}
)

select 'orders' as metric, sales.orders as value, 'orders that were neither cancelled nor returned' as meaning from sales
union all select 'revenue', sales.revenue, 'their sale prices' from sales
union all select 'gross_margin', sales.gross_margin, 'revenue without the cost of the products' from sales
union all select 'average_order_value', round(sales.revenue / nullif(sales.orders, 0), 2), 'revenue per order' from sales
union all select 'pieces_per_order', round(sales.pieces / nullif(sales.orders, 0), 2), 'pieces per order' from sales
union all select 'buyers', buyers.buyers, 'users with such an order' from buyers
union all select 'repeat_rate', round(buyers.repeaters / nullif(buyers.buyers, 0)::numeric, 4), 'share of buyers with a second order'
from buyers
union all select 'conversion', round(visits.with_purchase / nullif(visits.sessions, 0), 4), 'share of sessions with a purchase'
from visits
union all select 'cart_abandonment', round(1 - visits.with_purchase / nullif(visits.with_cart, 0), 4),
    'share of sessions with a cart and no purchase' from visits
union all select 'return_rate', round(states.returned / nullif(states.orders, 0)::numeric, 4), 'share of orders returned' from states
union all select 'cancel_rate', round(states.cancelled / nullif(states.orders, 0)::numeric, 4), 'share of orders cancelled' from states
union all select 'sold_share', round(stock.sold / nullif(stock.pieces, 0), 4), 'share of the stock that was sold' from stock
