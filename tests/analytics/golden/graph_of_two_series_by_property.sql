-- A / B, A: Average of amount of Paid, B: Unique users of Signed up by plan, last 7 days
-- /graph/?series.0.event=event:Paid&series.0.counts=average&series.0.of=property:amount&series.1.event=event:Signed up&series.1.counts=users&formula=A / B&by=property:plan&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 text, p8 text,
-- p9 timestamptz, p10 timestamptz, p11 text, p12 text, p13 interval, p14 timestamptz, p15 text
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Paid'
\set p5 '86400 s'
\set p6 '2026-06-08 22:00:00+00:00'
\set p7 'plan'
\set p8 'amount'
\set p9 '2026-06-08 22:00:00+00:00'
\set p10 '2026-06-15 22:00:00+00:00'
\set p11 'custom'
\set p12 'Signed up'
\set p13 '86400 s'
\set p14 '2026-06-08 22:00:00+00:00'
\set p15 'plan'
with found_0 as (
    select bucket, key, count(*) as n, count((case when abs(value) < 1e20 then trunc(value, 9) end)) as numbers,
        sum((case when abs(value) < 1e20 then trunc(value, 9) end)) as low
    from (
        select date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p7'))::text, '-') as key,
            (case jsonb_typeof((e.properties -> :'p8')) when 'number' then (e.properties -> :'p8')::numeric when 'string' then (case when (e.properties ->> :'p8') ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$' then ((e.properties ->> :'p8'))::numeric end) end) as value
        from events e
        where (
            e.environment_id = :p0
            and e.time >= :'p1'::timestamptz
            and e.time < :'p2'::timestamptz
            and ((e.kind = :'p3' and e.name = :'p4'))
        ) offset 0
    ) v
    group by bucket, key
),
found_1 as (
    select date_bin(:'p13'::interval, e.time, :'p14'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p15'))::text, '-') as key,
        coalesce(m.to_actor, e.actor_id) as who, count(*) as n
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p9'::timestamptz
        and e.time < :'p10'::timestamptz
        and ((e.kind = :'p11' and e.name = :'p12'))
    )
    group by 1, 2, 3
),
parts as (
    select key, size as size_0, 0 as size_1
    from (
        select key, sum(n) as size
        from found_0
        group by key
    ) s
    union all
    select key, 0 as size_0, size as size_1
    from (
        select key, count(*) as size
        from (
            select key, who, sum(n) as n
            from found_1
            group by key, who
        ) w
        group by key
    ) s
)
select key, count(*) over () as groups
from (
    select key, sum(size_0) as size_0, sum(size_1) as size_1
    from parts
    group by key
) g
order by size_0 desc, size_1 desc, key collate "C"
limit 20;

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 text, p8 text,
-- p9 text, p10 text, p11 text
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Paid'
\set p5 '86400 s'
\set p6 '2026-06-08 22:00:00+00:00'
\set p7 'plan'
\set p8 'amount'
\set p9 '=p1'
\set p10 '=p0'
\set p11 '=p2'
with found as (
    select bucket, key, count(*) as n, count((case when abs(value) < 1e20 then trunc(value, 9) end)) as numbers,
        sum((case when abs(value) < 1e20 then trunc(value, 9) end)) as low
    from (
        select date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p7'))::text, '-') as key,
            (case jsonb_typeof((e.properties -> :'p8')) when 'number' then (e.properties -> :'p8')::numeric when 'string' then (case when (e.properties ->> :'p8') ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$' then ((e.properties ->> :'p8'))::numeric end) end) as value
        from events e
        where (
            e.environment_id = :p0
            and e.time >= :'p1'::timestamptz
            and e.time < :'p2'::timestamptz
            and ((e.kind = :'p3' and e.name = :'p4'))
        ) offset 0
    ) v
    group by bucket, key
),
largest as (
    select (:'p9')::text as key, 1 as place
    union all
    select (:'p10')::text as key, 2 as place
    union all
    select (:'p11')::text as key, 3 as place
),
cells as (
    select coalesce(l.place, 21) as slot, l.key as key, f.bucket as bucket, f.n as n, f.numbers as numbers,
        f.low as low
    from found f
    left join largest l on l.key = f.key
)
select slot, key, bucket, sum(n) as n, sum(numbers) as numbers, sum(low) as low, null as high
from cells
group by slot, key, bucket
union all
select slot, key, null as bucket, sum(n) as n, sum(numbers) as numbers, sum(low) as low, null as high
from cells
group by slot, key
union all
select null as slot, null as key, null as bucket, sum(n) as n, sum(numbers) as numbers, sum(low) as low,
    null as high
from cells;

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 text, p8 text,
-- p9 text, p10 text
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '86400 s'
\set p6 '2026-06-08 22:00:00+00:00'
\set p7 'plan'
\set p8 '=p1'
\set p9 '=p0'
\set p10 '=p2'
with found as (
    select date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p7'))::text, '-') as key,
        coalesce(m.to_actor, e.actor_id) as who, count(*) as n
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
    )
    group by 1, 2, 3
),
largest as (
    select (:'p8')::text as key, 1 as place
    union all
    select (:'p9')::text as key, 2 as place
    union all
    select (:'p10')::text as key, 3 as place
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
select slot, key, bucket, count(*) as n, 0 as people
from cells
group by slot, key, bucket
union all
select slot, key, null as bucket, count(*) as n, 0 as people
from groups
group by slot, key
union all
select null as slot, null as key, null as bucket, count(*) as n, 0 as people
from (
    select who, sum(n) as n
    from groups
    group by who
) w;
