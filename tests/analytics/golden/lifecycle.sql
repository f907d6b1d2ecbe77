-- Lifecycle of people with Signed up, by week, last 30 days, in whole weeks
-- /lifecycle/?event=event:Signed up&unit=week&days=30

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 timestamptz[],
-- p8 timestamptz, p9 text, p10 text
\set p0 1
\set p1 '2026-05-03 22:00:00+00:00'
\set p2 '2026-06-21 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '604800 s'
\set p6 '2026-05-03 22:00:00+00:00'
\set p7 '{2026-05-03T22:00:00+00:00,2026-05-10T22:00:00+00:00,2026-05-17T22:00:00+00:00,2026-05-24T22:00:00+00:00,2026-05-31T22:00:00+00:00,2026-06-07T22:00:00+00:00,2026-06-14T22:00:00+00:00}'
\set p8 '2026-05-03 22:00:00+00:00'
\set p9 'custom'
\set p10 'Signed up'
with active_pairs as (
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
active as (
    select distinct coalesce(m.to_actor, e.actor_id) as actor, e.bucket as bucket
    from active_pairs e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
),
places as (
    select actor, width_bucket(bucket, :'p7'::timestamptz[]) - 1 as place
    from active
),
steps as (
    select actor, place, lag(place) over (partition by actor order by place) as previous
    from places
),
known_actors as (
    select distinct e.actor_id as actor_id
    from events e
    where (
        e.environment_id = :p0
        and e.time < :'p8'::timestamptz
        and ((e.kind = :'p9' and e.name = :'p10'))
        and true
    )
),
known as (
    select distinct coalesce(m.to_actor, e.actor_id) as actor
    from known_actors e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
),
stages as (
    select s.actor as actor, s.place as place, case
        when s.previous is null and k.actor is null then 'new'
        when s.previous = s.place - 1 then 'returning'
        else 'resurrected' end as stage
    from steps s
    left join known k on k.actor = s.actor
)
select place, count(*) as people, sum(case when stage = 'new' then 1 else 0 end) as newcomers, sum(case when stage = 'returning' then 1 else 0 end) as stayed
from stages
group by 1;
