-- Unique users of Signed up, last 3 days, compared with the period before
-- /graph/?event=event:Signed up&counts=users&days=3&before=period

-- p0 bigint
\set p0 1
select e.time as time
from events e
where e.environment_id = :p0
order by e.time
limit 1;

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz
\set p0 1
\set p1 '2026-06-12 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '86400 s'
\set p6 '2026-06-12 22:00:00+00:00'
with found as (
    select date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, coalesce(m.to_actor, e.actor_id) as who
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
    )
)
select case when c.bucket is not null then 0 end as slot, null as key, c.*
from (
    select bucket, count(distinct who) as n, 0 as people
    from found
    group by grouping sets((bucket), ())
) c;

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz
\set p0 1
\set p1 '2026-06-09 22:00:00+00:00'
\set p2 '2026-06-12 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '86400 s'
\set p6 '2026-06-09 22:00:00+00:00'
with found as (
    select date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, coalesce(m.to_actor, e.actor_id) as who
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
    )
)
select case when c.bucket is not null then 0 end as slot, null as key, c.*
from (
    select bucket, count(distinct who) as n, 0 as people
    from found
    group by grouping sets((bucket), ())
) c;

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz
\set p0 1
\set p1 '2026-06-09 22:00:00+00:00'
\set p2 '2026-06-12 12:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '86400 s'
\set p6 '2026-06-09 22:00:00+00:00'
with found as (
    select date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, coalesce(m.to_actor, e.actor_id) as who
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and ((e.kind = :'p3' and e.name = :'p4'))
    )
)
select case when c.bucket is not null then 0 end as slot, null as key, c.*
from (
    select bucket, count(distinct who) as n, 0 as people
    from found
    group by grouping sets((bucket), ())
) c;
