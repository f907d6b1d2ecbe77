-- People by plan: Signed up → Pageview → Paid, last 30 days
-- /funnel/?step.0.event=event:Signed up&step.1.event=builtin:pageview&step.2.event=event:Paid&days=30&by=property:plan

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 text, p6 timestamptz, p7 timestamptz, p8
-- text, p9 text, p10 timestamptz, p11 timestamptz, p12 text, p13 text, p14 timestamptz, p15 interval
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 'plan'
\set p6 '2026-05-16 22:00:00+00:00'
\set p7 '2026-06-22 22:00:00+00:00'
\set p8 'pageview'
\set p9 ''
\set p10 '2026-05-16 22:00:00+00:00'
\set p11 '2026-06-22 22:00:00+00:00'
\set p12 'custom'
\set p13 'Paid'
\set p14 '2026-06-15 22:00:00+00:00'
\set p15 '604800 s'
with matched as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, true as is_1, false as is_2,
        false as is_3, coalesce('=' || ((e.properties ->> :'p5'))::text, '-') as value
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
        false as is_3, null as value
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p6'::timestamptz
        and e.time < :'p7'::timestamptz
        and true
        and (e.kind = :'p8' and e.name = :'p9')
        and (true)
    )
    union all
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, false as is_1, false as is_2,
        true as is_3, null as value
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p10'::timestamptz
        and e.time < :'p11'::timestamptz
        and true
        and (e.kind = :'p12' and e.name = :'p13')
        and (true)
    )
),
placed as (
    select *, row_number() over (partition by actor order by time, id) as place
    from matched
),
reached_1 as (
    select *, case when is_1 and time < :'p14'::timestamptz then time end as x1, case
        when is_1 and time < :'p14'::timestamptz then place end as p1
    from placed
),
before_2 as (
    select *, max(x1) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as s1,
        max(p1) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as q1
    from reached_1
),
reached_2 as (
    select *, case when is_2 and time <= s1 + :'p15'::interval then s1 end as x2, case
        when is_2 and time <= s1 + :'p15'::interval then q1 end as p2
    from before_2
),
before_3 as (
    select *, max(x2) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as s2,
        max(p2) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as q2
    from reached_2
),
reached_3 as (
    select *, case when is_3 and time <= s2 + :'p15'::interval then s2 end as x3, case
        when is_3 and time <= s2 + :'p15'::interval then q2 end as p3
    from before_3
),
levels as (
    select actor, max(case when x3 is not null then 3 when x2 is not null then 2 when x1 is not null then 1 else 0 end) as level,
        min(p1) as begun_1, min(p2) as begun_2, min(p3) as begun_3
    from reached_3
    group by actor
),
people_keys as (
    select l.*, v.value as key
    from levels l
    join placed v on v.actor = l.actor and v.place = case l.level
        when 1 then begun_1 when 2 then begun_2 when 3 then begun_3 end
),
sizes as (
    select key, count(*) as size
    from people_keys
    group by key
),
largest as (
    select key, row_number() over (order by size desc, key collate "C") as place
    from sizes
    order by size desc, key collate "C"
    limit 20
),
ranked as (
    select coalesce(l.place, 21) as slot, l.key as group_key, f.*
    from people_keys f
    left join largest l on l.key = f.key
)
select slot, group_key as key, level, count(*) as people, (
    select count(*) as n
    from sizes
) as groups
from ranked
group by 1, 2, 3;
