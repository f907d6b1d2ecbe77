-- A / B, A: Average of amount of Paid, B: Unique users of Signed up by plan, last 7 days
-- /graph/?series.0.event=event:Paid&series.0.counts=average&series.0.of=property:amount&series.1.event=event:Signed up&series.1.counts=users&formula=A / B&by=property:plan&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 text, p6 interval, p7 timestamptz, p8 text,
-- p9 timestamptz, p10 timestamptz, p11 text, p12 text, p13 text, p14 interval, p15 timestamptz
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Paid'
\set p5 'plan'
\set p6 '86400 s'
\set p7 '2026-06-08 22:00:00+00:00'
\set p8 'amount'
\set p9 '2026-06-08 22:00:00+00:00'
\set p10 '2026-06-15 22:00:00+00:00'
\set p11 'custom'
\set p12 'Signed up'
\set p13 'plan'
\set p14 '86400 s'
\set p15 '2026-06-08 22:00:00+00:00'
with found_0 as (
    select bucket, key, count(*) as n, count((case when abs(value) < 1e20 then trunc(value, 9) end)) as numbers,
        sum((case when abs(value) < 1e20 then trunc(value, 9) end)) as low
    from (
        select date_bin(:'p6'::interval, e.time, :'p7'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p5'))::text, '-') as key,
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
    select date_bin(:'p14'::interval, e.time, :'p15'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p13'))::text, '-') as key,
        coalesce(m.to_actor, e.actor_id) as who
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p9'::timestamptz
        and e.time < :'p10'::timestamptz
        and ((e.kind = :'p11' and e.name = :'p12'))
    )
),
counted_1 as (
    select key, bucket, count(distinct who) as n, 0 as people
    from found_1
    group by grouping sets((key, bucket), (key), ())
),
sizes as (
    select key, sum(size_0) as size_0, sum(size_1) as size_1
    from (
        select key, size as size_0, 0 as size_1
        from (
            select key, sum(n) as size
            from found_0
            group by key
        ) s
        union all
        select key, 0 as size_0, size as size_1
        from (
            select key, n as size
            from counted_1
            where bucket is null
                and key is not null
        ) s
    ) p
    group by key
),
largest as (
    select key, row_number() over (order by size_0 desc, size_1 desc, key collate "C") as place
    from sizes
    order by size_0 desc, size_1 desc, key collate "C"
    limit 20
),
cells_0 as (
    select coalesce(l.place, 21) as slot, f.*
    from found_0 f
    left join largest l on l.key = f.key
)
select c.series as series, c.slot as slot, case when c.slot is null then (
    select count(*) as groups
    from sizes
)::text else l.key end as key, c.bucket as bucket, c.n as n, c.numbers as numbers, c.low as low, c.high as high
from (
    select 0 as series, c.*
    from (
        select slot, bucket, sum(n) as n, sum(numbers) as numbers, sum(low) as low, null::numeric as high
        from cells_0
        group by grouping sets((slot, bucket), (slot), ())
    ) c
    union all
    select 1 as series, c.*
    from (
        select p.slot as slot, p.bucket as bucket, p.n as n, p.people as numbers, null::numeric as low,
            null::numeric as high
        from (
            select l.place as slot, c.bucket as bucket, c.n as n, 0 as people
            from counted_1 c
            join largest l on l.key = c.key
            union all
            select null as slot, null as bucket, n, 0 as people
            from counted_1
            where key is null
            union all
            select 21 as slot, c.bucket as bucket, count(distinct c.who) as n, 0 as people
            from found_1 c
            left join largest l on l.key = c.key
            where l.place is null
                and (
                select count(*) as groups
                from sizes
            ) > 20
            group by grouping sets((c.bucket), ())
        ) p
    ) c
) c
left join largest l on l.place = c.slot;
