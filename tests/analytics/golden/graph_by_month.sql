-- Count of Session, last 365 days
-- /graph/?event=builtin:session&days=365&unit=month

-- p0 bigint, p1 interval, p2 timestamptz, p3 timestamptz, p4 timestamptz, p5 interval, p6 timestamptz, p7
-- interval, p8 timestamptz, p9 interval, p10 timestamptz, p11 interval, p12 timestamptz, p13 interval, p14
-- timestamptz, p15 interval, p16 timestamptz, p17 timestamptz, p18 timestamptz, p19 timestamptz, p20
-- timestamptz, p21 timestamptz
\set p0 1
\set p1 '1800 s'
\set p2 '2025-06-15 21:30:00+00:00'
\set p3 '2026-06-15 22:00:00+00:00'
\set p4 '2025-06-15 22:00:00+00:00'
\set p5 '1296000 s'
\set p6 '2025-06-15 22:00:00+00:00'
\set p7 '2678400 s'
\set p8 '2025-06-30 22:00:00+00:00'
\set p9 '2682000 s'
\set p10 '2025-09-30 22:00:00+00:00'
\set p11 '2678400 s'
\set p12 '2025-11-30 23:00:00+00:00'
\set p13 '2674800 s'
\set p14 '2026-02-28 23:00:00+00:00'
\set p15 '2678400 s'
\set p16 '2026-04-30 22:00:00+00:00'
\set p17 '2025-06-30 22:00:00+00:00'
\set p18 '2025-09-30 22:00:00+00:00'
\set p19 '2025-11-30 23:00:00+00:00'
\set p20 '2026-02-28 23:00:00+00:00'
\set p21 '2026-04-30 22:00:00+00:00'
select 0 as slot, null as key, case when e.time < :'p17'::timestamptz then date_bin(:'p5'::interval, e.time, :'p6'::timestamptz)
    when e.time < :'p18'::timestamptz then date_bin(:'p7'::interval, e.time, :'p8'::timestamptz)
    when e.time < :'p19'::timestamptz then date_bin(:'p9'::interval, e.time, :'p10'::timestamptz)
    when e.time < :'p20'::timestamptz then date_bin(:'p11'::interval, e.time, :'p12'::timestamptz)
    when e.time < :'p21'::timestamptz then date_bin(:'p13'::interval, e.time, :'p14'::timestamptz)
    else date_bin(:'p15'::interval, e.time, :'p16'::timestamptz) end as bucket, count(*) as n, 0 as people
from (
    select f.*
    from (
        select s.*, lag(s.time) over (partition by s.session_id order by s.time, s.id) as previous
        from events s
        where s.environment_id = :p0
            and s.session_id is not null
            and s.time >= :'p2'::timestamptz
            and s.time < :'p3'::timestamptz
    ) f
    where (
        f.previous is null
        or f.time > f.previous + :'p1'::interval
    )
        and f.time >= :'p4'::timestamptz
) e
where ((true))
group by 3;
