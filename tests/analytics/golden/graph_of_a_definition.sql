-- Count per user of Ordered, last 30 days
-- /graph/?event=definition:00000000-0000-0000-0000-000000000001&counts=per_user&days=30&unit=week&where.0.field=property:amount&where.0.op=greater&where.0.value=10

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 text, p6 text, p7 text, p8 text, p9 text,
-- p10 text, p11 text, p12 text, p13 text, p14 interval, p15 timestamptz, p16 interval, p17 timestamptz, p18
-- timestamptz
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'pageview'
\set p5 ''
\set p6 'Paid'
\set p7 'custom'
\set p8 'Paid'
\set p9 'pageview'
\set p10 ''
\set p11 '/orders/%/thanks'
\set p12 'amount'
\set p13 '10'
\set p14 '86400 s'
\set p15 '2026-05-16 22:00:00+00:00'
\set p16 '604800 s'
\set p17 '2026-05-17 22:00:00+00:00'
\set p18 '2026-05-17 22:00:00+00:00'
with found as (
    select case when e.time < :'p18'::timestamptz then date_bin(:'p14'::interval, e.time, :'p15'::timestamptz)
        else date_bin(:'p16'::interval, e.time, :'p17'::timestamptz) end as bucket, coalesce(m.to_actor, e.actor_id) as who
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and (
            (e.kind in (:'p3', :'p4') and e.name in (:'p5', :'p6'))
            and (
                ((e.kind = :'p7' and e.name = :'p8') and true)
                or (
                    (e.kind = :'p9' and e.name = :'p10')
                    and (e.path like :'p11')
                )
            )
        )
        and (
            (
                case when (e.properties ->> :'p12') ~ '^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$' then ((e.properties ->> :'p12'))::numeric end
            ) > :'p13'::numeric
        )
    )
)
select case when c.bucket is not null then 0 end as slot, null as key, c.*
from (
    select bucket, count(*) as n, count(distinct who) as people
    from found
    group by grouping sets((bucket), ())
) c;
