-- Signed up, then Paid, by week and plan, last 7 days
-- /retention/?start.event=event:Signed up&return.event=event:Paid&by=property:plan&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 timestamptz,
-- p8 timestamptz, p9 text, p10 text, p11 text, p12 interval, p13 timestamptz
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Paid'
\set p5 '518400 s'
\set p6 '2026-06-08 22:00:00+00:00'
\set p7 '2026-06-08 22:00:00+00:00'
\set p8 '2026-06-15 22:00:00+00:00'
\set p9 'custom'
\set p10 'Signed up'
\set p11 'plan'
\set p12 '518400 s'
\set p13 '2026-06-08 22:00:00+00:00'
with returned_pairs as (
    select distinct e.actor_id as actor_id, date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket
    from events e
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
        and true
    )
),
returned as (
    select distinct coalesce(m.to_actor, e.actor_id) as actor, e.bucket as bucket
    from returned_pairs e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
),
started as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, coalesce('=' || ((e.properties ->> :'p11'))::text, '-') as key
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p7'::timestamptz
        and e.time < :'p8'::timestamptz
        and ((e.kind = :'p9' and e.name = :'p10'))
        and true
    )
),
placed as (
    select *, row_number() over (partition by actor order by time, id) as place
    from started
),
cohorts as (
    select actor, date_bin(:'p12'::interval, time, :'p13'::timestamptz) as cohort, key
    from placed
    where place = 1
),
sizes as (
    select key, count(*) as size
    from cohorts
    group by key
),
largest as (
    select key, row_number() over (order by size desc, key collate "C") as place
    from sizes
    order by size desc, key collate "C"
    limit 7
),
ranked as (
    select coalesce(l.place, 8) as slot, l.key as group_key, f.*
    from cohorts f
    left join largest l on l.key = f.key
)
select slot, group_key, cohort, null as period, count(*) as people, (
    select count(*) as n
    from sizes
) as groups
from ranked
group by 1, 2, 3
union all
select c.slot as slot, c.group_key as group_key, c.cohort as cohort, r.bucket as period, count(*) as people,
    (
    select count(*) as n
    from sizes
) as groups
from ranked c
join returned r on r.actor = c.actor
where r.bucket > c.cohort
group by 1, 2, 3, 4;
