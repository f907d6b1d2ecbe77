-- Signed up and Pageview and Paid in any order, last 30 days
-- /funnel/?step.0.event=event:Signed up&step.1.event=builtin:pageview&step.2.event=event:Paid&order=any&days=30

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 timestamptz, p6 timestamptz, p7 text, p8
-- text, p9 timestamptz, p10 timestamptz, p11 text, p12 text, p13 timestamptz, p14 interval
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-22 22:00:00+00:00'
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
placed as (
    select *, row_number() over (partition by actor order by time, id) as place
    from matched
),
meant as (
    select *, case when is_1 then 1 when is_2 then 2
        when is_3 then 3 end as step
    from placed
),
latest as (
    select *, max(case when step = 1 then place end) over (partition by actor order by time, id rows between unbounded preceding and current row) as l1,
        max(case when step = 1 then time end) over (partition by actor order by time, id rows between unbounded preceding and current row) as t1,
        max(case when step = 2 then place end) over (partition by actor order by time, id rows between unbounded preceding and current row) as l2,
        max(case when step = 2 then time end) over (partition by actor order by time, id rows between unbounded preceding and current row) as t2,
        max(case when step = 3 then place end) over (partition by actor order by time, id rows between unbounded preceding and current row) as l3,
        max(case when step = 3 then time end) over (partition by actor order by time, id rows between unbounded preceding and current row) as t3,
        max(case when time < :'p13'::timestamptz then place end) over (partition by actor order by time, id rows between unbounded preceding and current row) as l_start,
        max(case when time < :'p13'::timestamptz then time end) over (partition by actor order by time, id rows between unbounded preceding and current row) as t_start
    from meant
),
ordered as (
    select *, case when l1 >= l1 then 1 else 0 end + case
        when l2 >= l1 then 1 else 0 end + case when l3 >= l1 then 1
        else 0 end as rank_1, case when l1 >= l2 then 1
        else 0 end + case when l2 >= l2 then 1 else 0 end + case
        when l3 >= l2 then 1 else 0 end as rank_2, case
        when l1 >= l3 then 1 else 0 end + case when l2 >= l3 then 1
        else 0 end + case when l3 >= l3 then 1 else 0 end as rank_3
    from latest
),
begun as (
    select *, case when rank_1 = 1 then least(t1, t_start)
        when rank_2 = 1 then least(t2, t_start) when rank_3 = 1 then least(t3, t_start) end as y1, case
        when rank_1 = 2 then least(t1, t_start) when rank_2 = 2 then least(t2, t_start)
        when rank_3 = 2 then least(t3, t_start) end as y2, case
        when rank_1 = 3 then least(t1, t_start) when rank_2 = 3 then least(t2, t_start)
        when rank_3 = 3 then least(t3, t_start) end as y3
    from ordered
    where l_start is not null
),
reached as (
    select *, case when time <= y1 + :'p14'::interval then y1 end as x1, case
        when time <= y2 + :'p14'::interval then y2 end as x2, case
        when time <= y3 + :'p14'::interval then y3 end as x3
    from begun
),
levels as (
    select actor, max(case when x3 is not null then 3 when x2 is not null then 2 when x1 is not null then 1 else 0 end) as level
    from reached
    group by actor
)
select level, count(*) as people
from levels
group by level;
