-- In no later month a cohort has more buyers than in its first.
select later.*
from {{ ref('cohorts') }} as later
join {{ ref('cohorts') }} as begun on begun.cohort = later.cohort and begun.months_later = 0
where later.buyers > begun.buyers or later.months_later < 0
