-- Signed up for the first time ever, then Paid in that day or later, by day, last 7 days
-- /retention/?start.event=event:Signed up&return.event=event:Paid&entry=ever&back=or_after&unit=day&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 timestamptz,
-- p8 text, p9 text, p10 interval, p11 timestamptz, p12 timestamptz
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Paid'
\set p5 '86400 s'
\set p6 '2026-06-08 22:00:00+00:00'
\set p7 '2026-06-15 22:00:00+00:00'
\set p8 'custom'
\set p9 'Signed up'
\set p10 '86400 s'
\set p11 '2026-06-08 22:00:00+00:00'
\set p12 '2026-06-08 22:00:00+00:00'
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
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time < :'p7'::timestamptz
        and ((e.kind = :'p8' and e.name = :'p9'))
        and true
    )
),
placed as (
    select *, row_number() over (partition by actor order by time, id) as place
    from started
),
cohorts as (
    select actor, date_bin(:'p10'::interval, time, :'p11'::timestamptz) as cohort
    from placed
    where place = 1
        and time >= :'p12'::timestamptz
),
lasts as (
    select c.cohort as cohort, c.actor as actor, max(r.bucket) as period
    from cohorts c
    join returned r on r.actor = c.actor
    where r.bucket > c.cohort
    group by 1, 2
)
select cohort, null as period, count(*) as people
from cohorts
group by 1
union all
select cohort, period, count(*) as people
from lasts
group by 1, 2;
