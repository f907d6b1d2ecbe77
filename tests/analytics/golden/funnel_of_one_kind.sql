-- Pageview → Pageview, last 30 days
-- /funnel/?step.0.event=builtin:pageview&step.0.where.0.field=event:path&step.0.where.0.value=/pricing&step.1.event=builtin:pageview&step.1.where.0.field=event:path&step.1.where.0.value=/signup&within=1&within_unit=hour&days=30&segment=00000000-0000-0000-0000-000000000002

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 timestamptz, p6 timestamptz, p7 text, p8
-- text, p9 bigint, p10 text, p11 text, p12 text, p13 text, p14 timestamptz, p15 interval
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-15 23:00:00+00:00'
\set p3 'country'
\set p4 'DE'
\set p5 '2026-03-17 23:00:00+00:00'
\set p6 '2026-06-15 22:00:00+00:00'
\set p7 'custom'
\set p8 'Paid'
\set p9 2
\set p10 'pageview'
\set p11 ''
\set p12 '/pricing'
\set p13 '/signup'
\set p14 '2026-06-15 22:00:00+00:00'
\set p15 '3600 s'
with did_0 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p5'::timestamptz
        and e.time < :'p6'::timestamptz
        and (((e.kind = :'p7' and e.name = :'p8')))
    group by 1
),
matched as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, ((e.path = :'p12')) as is_1,
        ((e.path = :'p13')) as is_2
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    left join people p on p.environment_id = :p0 and p.actor_id = coalesce(m.to_actor, e.actor_id)
    left join did_0 on did_0.actor = coalesce(m.to_actor, e.actor_id)
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and true
        and (
            ((p.properties ->> :'p3') = :'p4')
            and (coalesce(did_0.times, 0) >= :p9)
        )
        and (e.kind = :'p10' and e.name = :'p11')
        and (((e.path = :'p12')) or ((e.path = :'p13')))
    )
),
reached_1 as (
    select *, case when is_1 and time < :'p14'::timestamptz then time end as x1
    from matched
),
before_2 as (
    select *, max(x1) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as s1
    from reached_1
),
reached_2 as (
    select *, case when is_2 and time <= s1 + :'p15'::interval then s1 end as x2
    from before_2
),
levels as (
    select actor, max(case when x2 is not null then 2 when x1 is not null then 1 else 0 end) as level
    from reached_2
    group by actor
)
select level, count(*) as people
from levels
group by level;
