-- Buyers by the month of their first order, and how many of them order in each later month.
with months as (
    select distinct user_id, date_trunc('month', created_at at time zone 'UTC') as month
    from {{ source('thelook', 'orders') }}
),

firsts as (
    select user_id, min(month) as cohort from months group by 1
)

select
    cast(f.cohort as date) as cohort,
    cast(extract(year from m.month) - extract(year from f.cohort) as integer) * 12
        + cast(extract(month from m.month) - extract(month from f.cohort) as integer) as months_later,
    count(*) as buyers
from months as m
join firsts as f on f.user_id = m.user_id
group by 1, 2
