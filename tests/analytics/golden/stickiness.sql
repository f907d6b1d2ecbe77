-- People by weeks with Signed up, last 30 days
-- /stickiness/?event=event:Signed up&unit=week&days=30

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz, p7 interval, p8
-- timestamptz, p9 timestamptz
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
with active_pairs as (
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
active as (
    select distinct coalesce(m.to_actor, e.actor_id) as actor, e.bucket as bucket
    from active_pairs e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
),
persons as (
    select actor, count(*) as units
    from active
    group by 1
)
select units, count(*) as people
from persons
group by 1;
