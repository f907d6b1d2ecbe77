-- Signed up, then Any event, by week, last 30 days
-- /retention/?start.event=event:Signed up&return.event=builtin:any&unit=week&days=30

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 interval, p8
-- timestamptz, p9 timestamptz, p10 timestamptz, p11 timestamptz, p12 interval, p13 timestamptz, p14 interval,
-- p15 timestamptz, p16 timestamptz
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '86400 s'
\set p6 '2026-05-16 22:00:00+00:00'
\set p7 '604800 s'
\set p8 '2026-05-17 22:00:00+00:00'
\set p9 '2026-05-17 22:00:00+00:00'
\set p10 '2026-05-16 22:00:00+00:00'
\set p11 '2026-06-15 22:00:00+00:00'
\set p12 '86400 s'
\set p13 '2026-05-16 22:00:00+00:00'
\set p14 '604800 s'
\set p15 '2026-05-17 22:00:00+00:00'
\set p16 '2026-05-17 22:00:00+00:00'
with started_pairs as (
    select distinct e.actor_id as actor_id, case when e.time < :'p9'::timestamptz then date_bin(:'p5'::interval, e.time, :'p6'::timestamptz)
        else date_bin(:'p7'::interval, e.time, :'p8'::timestamptz) end as bucket
    from events e
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
        and true
    )
),
started as (
    select distinct coalesce(m.to_actor, e.actor_id) as actor, e.bucket as bucket
    from started_pairs e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
),
returned_pairs as (
    select distinct e.actor_id as actor_id, case when e.time < :'p16'::timestamptz then date_bin(:'p12'::interval, e.time, :'p13'::timestamptz)
        else date_bin(:'p14'::interval, e.time, :'p15'::timestamptz) end as bucket
    from events e
    where (
        e.environment_id = :p0
        and e.time >= :'p10'::timestamptz
        and e.time < :'p11'::timestamptz
        and (true)
        and true
    )
),
returned as (
    select distinct coalesce(m.to_actor, e.actor_id) as actor, e.bucket as bucket
    from returned_pairs e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
),
cohorts as (
    select actor, min(bucket) as cohort
    from started
    group by 1
)
select cohort, null as period, count(*) as people
from cohorts
group by 1
union all
select c.cohort as cohort, r.bucket as period, count(*) as people
from cohorts c
join returned r on r.actor = c.actor
where r.bucket > c.cohort
group by 1, 2;
