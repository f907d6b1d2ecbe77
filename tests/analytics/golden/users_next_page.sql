-- People by last activity
-- /users/?segment=00000000-0000-0000-0000-000000000002&after=1781524800000000_42

-- p0 bigint, p1 text, p2 text, p3 timestamptz, p4 text, p5 text, p6 bigint, p7 timestamptz, p8 bigint, p9
-- bigint
\set p0 1
\set p1 'country'
\set p2 'DE'
\set p3 '2026-03-17 12:00:00+00:00'
\set p4 'custom'
\set p5 'Paid'
\set p6 2
\set p7 '2026-06-15 12:00:00+00:00'
\set p8 42
\set p9 51
with did_0 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p3'::timestamptz
        and (((e.kind = :'p4' and e.name = :'p5')))
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
        and (coalesce(did_0.times, 0) >= :p6)
    )
    and (
        coalesce(p.last_seen_at, timestamptz '1970-01-01 00:00:00+00'), p.actor_id
    ) < (:'p7'::timestamptz, :p8)
)
order by coalesce(p.last_seen_at, timestamptz '1970-01-01 00:00:00+00') desc, p.actor_id desc
limit :p9;

-- p0 bigint, p1 text, p2 text, p3 timestamptz, p4 text, p5 text, p6 bigint
\set p0 1
\set p1 'country'
\set p2 'DE'
\set p3 '2026-03-17 12:00:00+00:00'
\set p4 'custom'
\set p5 'Paid'
\set p6 2
with did_0 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p3'::timestamptz
        and (((e.kind = :'p4' and e.name = :'p5')))
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
        and (coalesce(did_0.times, 0) >= :p6)
    )
);
