-- Sessions with Signed up, last 7 days
-- /graph/?event=event:Signed up&counts=sessions&days=7&compare=00000000-0000-0000-0000-000000000002

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 text, p6 text, p7 timestamptz, p8
-- timestamptz, p9 text, p10 text, p11 bigint, p12 interval, p13 timestamptz
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
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
\set p12 '86400 s'
\set p13 '2026-06-08 22:00:00+00:00'
with did_0 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p7'::timestamptz
        and e.time < :'p8'::timestamptz
        and e.id >= 0
        and (((e.kind = :'p9' and e.name = :'p10')))
    group by 1
),
found as (
    select date_bin(:'p12'::interval, e.time, :'p13'::timestamptz) as bucket, e.session_id as who
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    left join people p on p.environment_id = :p0 and p.actor_id = coalesce(m.to_actor, e.actor_id)
    left join did_0 on did_0.actor = coalesce(m.to_actor, e.actor_id)
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and e.id >= 0
        and ((e.kind = :'p3' and e.name = :'p4'))
        and (
            ((p.properties ->> :'p5') = :'p6')
            and (coalesce(did_0.times, 0) >= :p11)
        )
        and e.session_id is not null
    )
)
select case when c.bucket is not null then 0 end as slot, null as key, c.*
from (
    select bucket, count(distinct who) as n, 0 as people
    from found
    group by grouping sets((bucket), ())
) c;
