-- Median of amount of Paid by plan and country, last 7 days
-- /graph/?event=event:Paid&counts=median&of=property:amount&by=property:plan&by.2=user:country&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 text, p6 text, p7 interval, p8 timestamptz,
-- p9 text
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Paid'
\set p5 'plan'
\set p6 'country'
\set p7 '86400 s'
\set p8 '2026-06-08 22:00:00+00:00'
\set p9 'amount'
with found_0 as (
    select bucket, key, key_2, (case when abs(value) < 1e20 then trunc(value, 9) end) as who
    from (
        select date_bin(:'p7'::interval, e.time, :'p8'::timestamptz) as bucket, coalesce('=' || ((e.properties ->> :'p5'))::text, '-') as key,
            coalesce('=' || ((p.properties ->> :'p6'))::text, '-') as key_2, (case jsonb_typeof((e.properties -> :'p9')) when 'number' then (e.properties -> :'p9')::numeric when 'string' then (case when (e.properties ->> :'p9') ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$' then ((e.properties ->> :'p9'))::numeric end) end) as value
        from events e
        left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
        left join people p on p.environment_id = :p0 and p.actor_id = coalesce(m.to_actor, e.actor_id)
        where (
            e.environment_id = :p0
            and e.time >= :'p1'::timestamptz
            and e.time < :'p2'::timestamptz
            and ((e.kind = :'p3' and e.name = :'p4'))
        ) offset 0
    ) v
),
sizes as (
    select key, key_2, size as size_0
    from (
        select key, key_2, count(*) as size
        from found_0
        group by key, key_2
    ) s
),
largest as (
    select key, key_2, row_number() over (order by size_0 desc, key collate "C", key_2 collate "C") as place
    from sizes
    order by size_0 desc, key collate "C", key_2 collate "C"
    limit 20
),
cells_0 as (
    select coalesce(l.place, 21) as slot, f.*
    from found_0 f
    left join largest l on l.key = f.key and l.key_2 = f.key_2
)
select c.slot as slot, case when c.slot is null then (
    select count(*) as groups
    from sizes
)::text else l.key end as key, l.key_2 as key_2, c.bucket as bucket, c.n as n, c.numbers as numbers, c.low as low,
    c.high as high
from (
    select 0 as series, c.*
    from (
        select c.slot as slot, c.bucket as bucket, c.n as n, c.numbers as numbers, percentile_disc(least(((c.numbers - 1) * 50 / 100 + 0.5) / nullif(c.numbers, 0), 1)) within
        group(order by s.who) as low, percentile_disc(least(((c.numbers - 1) * 50 / 100 + 1.5) / nullif(c.numbers, 0), 1)) within
        group(order by s.who) as high
        from (
            select slot, bucket, count(*) as n, count(who) as numbers
            from cells_0
            group by slot, bucket
        ) c
        left join cells_0 s on s.who is not null and s.slot = c.slot and s.bucket = c.bucket
        group by c.slot, c.bucket, c.n, c.numbers
        union all
        select c.slot as slot, null as bucket, c.n as n, c.numbers as numbers, percentile_disc(least(((c.numbers - 1) * 50 / 100 + 0.5) / nullif(c.numbers, 0), 1)) within
        group(order by s.who) as low, percentile_disc(least(((c.numbers - 1) * 50 / 100 + 1.5) / nullif(c.numbers, 0), 1)) within
        group(order by s.who) as high
        from (
            select slot, count(*) as n, count(who) as numbers
            from cells_0
            group by slot
        ) c
        left join cells_0 s on s.who is not null and s.slot = c.slot
        group by c.slot, c.n, c.numbers
        union all
        select null as slot, null as bucket, c.n as n, c.numbers as numbers, percentile_disc(least(((c.numbers - 1) * 50 / 100 + 0.5) / nullif(c.numbers, 0), 1)) within
        group(order by s.who) as low, percentile_disc(least(((c.numbers - 1) * 50 / 100 + 1.5) / nullif(c.numbers, 0), 1)) within
        group(order by s.who) as high
        from (
            select count(*) as n, count(who) as numbers
            from cells_0
        ) c
        left join cells_0 s on s.who is not null
        group by c.n, c.numbers
    ) c
) c
left join largest l on l.place = c.slot;
