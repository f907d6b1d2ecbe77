-- Count of Signed up, last 7 days
-- /graph/?event=event:Signed up&days=7

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 interval, p6 timestamptz
\set p0 1
\set p1 '2026-06-08 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '86400 s'
\set p6 '2026-06-08 22:00:00+00:00'
select 0 as slot, null as key, date_bin(:'p5'::interval, e.time, :'p6'::timestamptz) as bucket, count(*) as n,
    0 as people
from events e
where (
    e.environment_id = :p0
    and e.time >= :'p1'::timestamptz
    and e.time < :'p2'::timestamptz
    and ((e.kind = :'p3' and e.name = :'p4'))
)
group by 3;
