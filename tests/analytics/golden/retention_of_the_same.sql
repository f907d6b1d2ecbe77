-- Session, then Session, by day, last 7 days
-- /retention/?start.event=builtin:session&return.event=builtin:session&unit=day&days=7

-- p0 bigint, p1 interval, p2 timestamptz, p3 timestamptz, p4 timestamptz, p5 interval, p6 timestamptz
\set p0 1
\set p1 '1800 s'
\set p2 '2026-06-08 21:30:00+00:00'
\set p3 '2026-06-15 22:00:00+00:00'
\set p4 '2026-06-08 22:00:00+00:00'
\set p5 '86400 s'
\set p6 '2026-06-08 22:00:00+00:00'
with started_pairs as (
    select distinct e.actor_id as actor_id, date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket
    from (
        select f.*
        from (
            select s.*, lag(s.time) over (partition by s.session_id order by s.time, s.id) as previous
            from events s
            where s.environment_id = :p0
                and s.session_id is not null
                and s.time >= :'p2'::timestamptz
                and s.time < :'p3'::timestamptz
        ) f
        where (
            f.previous is null
            or f.time > f.previous + :'p1'::interval
        )
            and f.time >= :'p4'::timestamptz
    ) e
    where ((true) and true)
),
started as (
    select distinct coalesce(m.to_actor, e.actor_id) as actor, e.bucket as bucket
    from started_pairs e
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
join started r on r.actor = c.actor
where r.bucket > c.cohort
group by 1, 2;
