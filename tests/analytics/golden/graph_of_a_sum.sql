-- Sum of amount of Paid, last 7 days
-- /graph/?event=event:Paid&counts=sum&of=property:amount&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 text
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Paid'
\set p5 '86400 s'
\set p6 '2026-06-08 22:00:00+00:00'
\set p7 'amount'
with found as (
    select bucket, count(*) as n, count((case when abs(value) < 1e20 then trunc(value, 9) end)) as numbers,
        sum((case when abs(value) < 1e20 then trunc(value, 9) end)) as low
    from (
        select date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, (case jsonb_typeof((e.properties -> :'p7')) when 'number' then (e.properties -> :'p7')::numeric when 'string' then (case when (e.properties ->> :'p7') ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$' then ((e.properties ->> :'p7'))::numeric end) end) as value
        from events e
        where (
            e.environment_id = :p0
            and e.time >= :'p1'::timestamptz
            and e.time < :'p2'::timestamptz
            and ((e.kind = :'p3' and e.name = :'p4'))
        ) offset 0
    ) v
    group by bucket
)
select case when c.bucket is not null then 0 end as slot, null as key, c.*
from (
    select bucket, sum(n) as n, sum(numbers) as numbers, sum(low) as low, null::numeric as high
    from found
    group by grouping sets((bucket), ())
) c;
