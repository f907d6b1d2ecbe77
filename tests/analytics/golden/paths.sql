-- Paths after Signed up, last 30 days
-- /paths/?anchor.event=event:Signed up&steps=2&days=30&clean=1&segment=00000000-0000-0000-0000-000000000002

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 text, p6 text, p7 timestamptz, p8
-- timestamptz, p9 text, p10 text, p11 bigint, p12 timestamptz, p13 timestamptz, p14 text, p15 text, p16
-- timestamptz, p17 timestamptz, p18 text, p19 text, p20 bigint, p21 interval, p22 text, p23 text
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 'country'
\set p6 'DE'
\set p7 '2026-03-17 23:00:00+00:00'
\set p8 '2026-06-15 22:00:00+00:00'
\set p9 'custom'
\set p10 'Paid'
\set p11 2
\set p12 '2026-05-16 22:00:00+00:00'
\set p13 '2026-06-16 22:00:00+00:00'
\set p14 'country'
\set p15 'DE'
\set p16 '2026-03-17 23:00:00+00:00'
\set p17 '2026-06-15 22:00:00+00:00'
\set p18 'custom'
\set p19 'Paid'
\set p20 2
\set p21 '86400 s'
\set p22 'pageview'
\set p23 'custom'
with did_0 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p7'::timestamptz
        and e.time < :'p8'::timestamptz
        and (((e.kind = :'p9' and e.name = :'p10')))
    group by 1
),
starts as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, row_number() over (partition by coalesce(m.to_actor, e.actor_id) order by e.time, e.id) as place
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    left join people p on p.environment_id = :p0 and p.actor_id = coalesce(m.to_actor, e.actor_id)
    left join did_0 on did_0.actor = coalesce(m.to_actor, e.actor_id)
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
        and true
        and (
            ((p.properties ->> :'p5') = :'p6')
            and (coalesce(did_0.times, 0) >= :p11)
        )
    )
),
anchors as (
    select actor, time, id
    from starts
    where place = 1
),
did_3 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p16'::timestamptz
        and e.time < :'p17'::timestamptz
        and (((e.kind = :'p18' and e.name = :'p19')))
    group by 1
),
seen as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, e.time = a.time and e.id = a.id as is_anchor,
        e.kind || coalesce('=' || (case when e.kind = 'pageview' then regexp_replace(e.path, '(^|/)([0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,})(?=/|$)', '\1*', 'g') when e.kind = 'custom' then e.name else e.target_text end), '-') as step
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    left join people p on p.environment_id = :p0 and p.actor_id = coalesce(m.to_actor, e.actor_id)
    left join did_3 on did_3.actor = coalesce(m.to_actor, e.actor_id)
    join anchors a on a.actor = coalesce(m.to_actor, e.actor_id)
    where (
        e.environment_id = :p0
        and e.time >= :'p12'::timestamptz
        and e.time < :'p13'::timestamptz
        and true
        and (
            ((p.properties ->> :'p14') = :'p15')
            and (coalesce(did_3.times, 0) >= :p20)
        )
        and (e.time, e.id) >= (a.time, a.id)
        and e.time <= a.time + :'p21'::interval
        and e.kind in (:'p22', :'p23')
    )
),
compared as (
    select actor, time, id, is_anchor, step, lag(step) over (partition by actor order by time, id) as previous
    from seen
),
steps as (
    select actor, step, row_number() over (partition by actor order by time, id) as number
    from compared
    where not is_anchor
        and (previous is null or previous <> step)
),
walked as (
    select actor, max(case when number = 1 then step end) as step_1, max(case when number = 2 then step end) as step_2
    from steps
    where number <= 2
    group by actor
),
routes as (
    select w.step_1 as step_1, w.step_2 as step_2, count(*) as people
    from anchors a
    left join walked w on w.actor = a.actor
    group by 1, 2
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
),
sizes_2 as (
    select place_1, step_2, sum(people) as people
    from level_1
    where step_2 is not null
        and place_1 between 1
        and 5
    group by place_1, step_2
),
ranked_2 as (
    select place_1, step_2, row_number() over (partition by place_1 order by people desc, step_2 collate "C") as place
    from sizes_2
),
level_2 as (
    select s.*, case when s.place_1 between 1 and 5 then case
        when s.step_2 is null then 0 else coalesce(r.place, 6) end end as place_2
    from level_1 s
    left join ranked_2 r on r.place_1 = s.place_1 and r.step_2 = s.step_2 and r.place <= 5
)
select place_1, case when place_1 between 1 and 5 then step_1 end as step_1, place_2, case
    when place_2 between 1 and 5 then step_2 end as step_2, sum(people) as people
from level_2
group by 1, 2, 3, 4;
