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
with found_0 as (
    select date_bin(:'p6'::interval, e.time, :'p7'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p5'))::text, '-') as key,
        count(*) as n
    from events e
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
    )
    group by 1, 2
),
sizes as (
    select key, size as size_0
    from (
        select key, sum(n) as size
        from found_0
        group by key
    ) s
),
largest as (
    select key, row_number() over (order by size_0 desc, key collate "C") as place
    from sizes
    order by size_0 desc, key collate "C"
    limit 20
),
cells_0 as (
    select coalesce(l.place, 21) as slot, f.*
    from found_0 f
    left join largest l on l.key = f.key
)
select c.slot as slot, case when c.slot is null then (
    select count(*) as groups
    from sizes
)::text else l.key end as key, c.bucket as bucket, c.n as n, c.people as people
from (
    select 0 as series, c.*
    from (
        select slot, bucket, sum(n) as n, 0 as people
        from cells_0
        group by grouping sets((slot, bucket), (slot), ())
    ) c
) c
left join largest l on l.place = c.slot;
