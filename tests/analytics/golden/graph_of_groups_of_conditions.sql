-- Count of Signed up, last 7 days
-- /graph/?event=event:Signed up&days=7&where.match=any&where.0.field=property:plan&where.0.op=none_of&where.0.value=free, trial&where.group.0.0.field=event:path&where.group.0.0.op=one_of&where.group.0.0.value=/,/pricing&where.group.0.1.field=user:country&where.group.0.1.value=DE

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 text, p6 text, p7 text, p8 text, p9 text,
-- p10 text, p11 text, p12 interval, p13 timestamptz
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '/'
\set p6 '/pricing'
\set p7 'country'
\set p8 'DE'
\set p9 'plan'
\set p10 'free'
\set p11 'trial'
\set p12 '86400 s'
\set p13 '2026-06-08 22:00:00+00:00'
select 0 as slot, null as key, date_bin(:'p12'::interval, e.time, :'p13'::timestamptz) as bucket, count(*) as n,
    0 as people
from events e
left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
left join people p on p.environment_id = :p0 and p.actor_id = coalesce(m.to_actor, e.actor_id)
where (
    e.environment_id = :p0
    and e.time >= :'p1'::timestamptz
    and e.time < :'p2'::timestamptz
    and ((e.kind = :'p3' and e.name = :'p4'))
    and (
        (
            (e.properties ->> :'p9') is null
            or (e.properties ->> :'p9') not in (:'p10', :'p11')
        )
        or (
            e.path in (:'p5', :'p6')
            and (p.properties ->> :'p7') = :'p8'
        )
    )
)
group by 3;
