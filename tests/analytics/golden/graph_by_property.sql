-- Count of Signed up by plan, last 7 days
-- /graph/?event=event:Signed up&by=property:plan&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 text, p6 interval, p7 timestamptz
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 'plan'
\set p6 '86400 s'
\set p7 '2026-06-08 22:00:00+00:00'
with found as (
    select date_bin(:'p6'::interval, e.time, :'p7'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p5'))::text, '-') as key,
        0 as who, count(*) as n
    from events e
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
    )
    group by 1, 2, 3
),
sizes as (
    select key, sum(n) as size
    from (
        select key, who, sum(n) as n
        from found
        group by 1, 2
    ) w
    group by 1
),
largest as (
    select key, row_number() over (order by size desc, key collate "C") as place
    from sizes
    order by size desc, key collate "C"
    limit 20
),
cells as (
    select coalesce(l.place, 21) as slot, l.key as key, f.bucket as bucket, f.who as who, sum(f.n) as n
    from found f
    left join largest l on l.key = f.key
    group by 1, 2, 3, 4
),
groups as (
    select slot, key, who, sum(n) as n
    from cells
    group by 1, 2, 3
)
select slot, key, bucket, sum(n) as n, 0 as people
from cells
group by 1, 2, 3
union all
select slot, key, null as bucket, sum(n) as n, 0 as people
from groups
group by 1, 2
union all
select null as slot, null as key, null as bucket, sum(n) as n, 0 as people
from (
    select who, sum(n) as n
    from groups
    group by 1
) w;
