-- Signed up → Pageview → Paid, last 30 days
-- /funnel/?step.0.event=event:Signed up&step.1.event=builtin:pageview&step.2.event=event:Paid&days=30

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 timestamptz, p6 timestamptz, p7 text, p8
-- text, p9 timestamptz, p10 timestamptz, p11 text, p12 text, p13 timestamptz, p14 interval
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '2026-05-16 22:00:00+00:00'
\set p6 '2026-06-22 22:00:00+00:00'
\set p7 'pageview'
\set p8 ''
\set p9 '2026-05-16 22:00:00+00:00'
\set p10 '2026-06-22 22:00:00+00:00'
\set p11 'custom'
\set p12 'Paid'
\set p13 '2026-06-15 22:00:00+00:00'
\set p14 '604800 s'
with matched as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, true as is_1, false as is_2,
        false as is_3
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and true
        and (e.kind = :'p3' and e.name = :'p4')
        and (true)
    )
    union all
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, false as is_1, true as is_2,
        false as is_3
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p5'::timestamptz
        and e.time < :'p6'::timestamptz
        and true
        and (e.kind = :'p7' and e.name = :'p8')
        and (true)
    )
    union all
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, false as is_1, false as is_2,
        true as is_3
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p9'::timestamptz
        and e.time < :'p10'::timestamptz
        and true
        and (e.kind = :'p11' and e.name = :'p12')
        and (true)
    )
),
reached_1 as (
    select *, case when is_1 and time < :'p13'::timestamptz then time end as x1
    from matched
),
before_2 as (
    select *, max(x1) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as s1
    from reached_1
),
reached_2 as (
    select *, case when is_2 and time <= s1 + :'p14'::interval then s1 end as x2
    from before_2
),
before_3 as (
    select *, max(x2) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as s2
    from reached_2
),
reached_3 as (
    select *, case when is_3 and time <= s2 + :'p14'::interval then s2 end as x3
    from before_3
),
levels as (
    select actor, max(case when x3 is not null then 3 when x2 is not null then 2 when x1 is not null then 1 else 0 end) as level
    from reached_3
    group by actor
)
select level, count(*) as people
from levels
group by level;
