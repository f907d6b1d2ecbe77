-- People by last activity
-- /users/?segment=00000000-0000-0000-0000-000000000002&after=1781524800000000_42

-- p0 bigint, p1 text, p2 text, p3 timestamptz, p4 timestamptz, p5 text, p6 text, p7 bigint, p8 timestamptz,
-- p9 bigint, p10 bigint
\set p0 1
\set p1 'country'
\set p2 'DE'
\set p3 '2026-03-17 23:00:00+00:00'
\set p4 '2026-06-15 22:00:00+00:00'
\set p5 'custom'
\set p6 'Paid'
\set p7 2
\set p8 '2026-06-15 12:00:00+00:00'
\set p9 42
\set p10 51
with did_0 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p3'::timestamptz
        and e.time < :'p4'::timestamptz
        and (((e.kind = :'p5' and e.name = :'p6')))
    group by 1
)
select p.actor_id as actor_id, p.identity as identity, p.properties as properties, p.first_seen_at as first_seen_at,
    p.last_seen_at as last_seen_at, p.is_robot as is_robot
from people p
left join did_0 on did_0.actor = p.actor_id
where (
    p.environment_id = :p0
    and true
    and (
        ((p.properties ->> :'p1') = :'p2')
        and (coalesce(did_0.times, 0) >= :p7)
    )
    and (
        coalesce(p.last_seen_at, timestamptz '1970-01-01 00:00:00+00'), p.actor_id
    ) < (:'p8'::timestamptz, :p9)
)
order by coalesce(p.last_seen_at, timestamptz '1970-01-01 00:00:00+00') desc, p.actor_id desc
limit :p10;

-- p0 bigint, p1 text, p2 text, p3 timestamptz, p4 timestamptz, p5 text, p6 text, p7 bigint
\set p0 1
\set p1 'country'
\set p2 'DE'
\set p3 '2026-03-17 23:00:00+00:00'
\set p4 '2026-06-15 22:00:00+00:00'
\set p5 'custom'
\set p6 'Paid'
\set p7 2
with did_0 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p3'::timestamptz
        and e.time < :'p4'::timestamptz
        and (((e.kind = :'p5' and e.name = :'p6')))
    group by 1
)
select count(*) as people
from people p
left join did_0 on did_0.actor = p.actor_id
where (
    p.environment_id = :p0
    and true
    and (
        ((p.properties ->> :'p1') = :'p2')
        and (coalesce(did_0.times, 0) >= :p7)
    )
);
