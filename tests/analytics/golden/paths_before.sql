-- Paths before Paid, last 30 days
-- /paths/?direction=before&anchor.event=event:Paid&along=pageview&steps=1&within=7d&days=30

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 timestamptz, p6 timestamptz, p7 interval,
-- p8 text
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Paid'
\set p5 '2026-05-09 22:00:00+00:00'
\set p6 '2026-06-15 22:00:00+00:00'
\set p7 '604800 s'
\set p8 'pageview'
with starts as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, row_number() over (partition by coalesce(m.to_actor, e.actor_id) order by e.time, e.id) as place
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
        and true
    )
),
anchors as (
    select actor, time, id
    from starts
    where place = 1
),
seen as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, e.time = a.time and e.id = a.id as is_anchor,
        e.kind || coalesce('=' || (case when e.kind = 'pageview' then e.path else e.target_text end), '-') as step
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    join anchors a on a.actor = coalesce(m.to_actor, e.actor_id)
    where (
        e.environment_id = :p0
        and e.time >= :'p5'::timestamptz
        and e.time < :'p6'::timestamptz
        and true
        and (e.time, e.id) <= (a.time, a.id)
        and a.time <= e.time + :'p7'::interval
        and e.kind in (:'p8')
    )
),
compared as (
    select actor, time, id, is_anchor, step, lag(step) over (partition by actor order by time desc, id desc) as previous
    from seen
),
steps as (
    select actor, step, row_number() over (partition by actor order by time desc, id desc) as number
    from compared
    where not is_anchor
        and (previous is null or previous <> step)
),
walked as (
    select actor, max(case when number = 1 then step end) as step_1
    from steps
    where number <= 1
    group by actor
),
routes as (
    select w.step_1 as step_1, count(*) as people
    from anchors a
    left join walked w on w.actor = a.actor
    group by 1
),
sizes_1 as (
    select step_1, sum(people) as people
    from routes
    where step_1 is not null
        and true
    group by step_1
),
ranked_1 as (
    select step_1, row_number() over (order by people desc, step_1 collate "C") as place
    from sizes_1
),
level_1 as (
    select s.*, case when true then case when s.step_1 is null then 0
        else coalesce(r.place, 6) end end as place_1
    from routes s
    left join ranked_1 r on r.step_1 = s.step_1 and r.place <= 5
)
select place_1, case when place_1 between 1 and 5 then step_1 end as step_1, sum(people) as people
from level_1
group by 1, 2;
