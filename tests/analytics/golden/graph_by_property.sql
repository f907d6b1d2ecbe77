-- Count of Signed up by plan, last 7 days
-- /graph/?event=event:Signed up&by=property:plan&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 text
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '86400 s'
\set p6 '2026-06-08 22:00:00+00:00'
\set p7 'plan'
with found as (
    select date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p7'))::text, '-') as key,
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
        group by key, who
    ) w
    group by key
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
    group by slot, key, who
)
select slot, key, bucket, sum(n) as n, 0 as people
from cells
group by slot, key, bucket
union all
select slot, key, null as bucket, sum(n) as n, 0 as people
from groups
group by slot, key
union all
select null as slot, (
    select count(*) as groups
    from sizes
)::text as key, null as bucket, sum(n) as n, 0 as people
from (
    select who, sum(n) as n
    from groups
    group by who
) w;
