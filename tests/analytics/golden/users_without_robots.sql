-- People by last activity
-- /users/?where.0.field=user:country&where.0.value=DE&search=@shop.example

-- p0 bigint, p1 text, p2 text, p3 text, p4 bigint
\set p0 1
\set p1 'country'
\set p2 'DE'
\set p3 '@shop.example'
\set p4 51
select p.actor_id as actor_id, p.identity as identity, p.properties as properties, p.first_seen_at as first_seen_at,
    p.last_seen_at as last_seen_at, p.is_robot as is_robot
from people p
where (
    p.environment_id = :p0
    and ((p.properties ->> :'p1') = :'p2')
    and (p.is_robot is null or not p.is_robot)
    and strpos(p.identity, :'p3') > 0
)
order by coalesce(p.last_seen_at, timestamptz '1970-01-01 00:00:00+00') desc, p.actor_id desc
limit :p4;

-- p0 bigint, p1 text, p2 text, p3 text
\set p0 1
\set p1 'country'
\set p2 'DE'
\set p3 '@shop.example'
select count(*) as people
from people p
where (
    p.environment_id = :p0
    and ((p.properties ->> :'p1') = :'p2')
    and (p.is_robot is null or not p.is_robot)
    and strpos(p.identity, :'p3') > 0
);
