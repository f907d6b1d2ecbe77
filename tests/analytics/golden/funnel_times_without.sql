-- Time to convert: Signed up → Paid, without Pageview between 1 and 2, last 30 days
-- /funnel/?step.0.event=event:Signed up&step.1.event=event:Paid&without.0.event=builtin:pageview&without.0.after=1&without.0.where.0.field=event:path&without.0.where.0.value=/signup&asks=times&days=30

-- p0 bigint, p1 timestamptz, p2 timestamptz, p3 text, p4 text, p5 timestamptz, p6 timestamptz, p7 text, p8
-- text, p9 timestamptz, p10 timestamptz, p11 text, p12 text, p13 text, p14 timestamptz, p15 interval, p16
-- bigint, p17 bigint, p18 bigint, p19 bigint, p20 bigint, p21 bigint, p22 bigint, p23 bigint, p24 bigint
\set p0 1
\set p1 '2026-05-16 22:00:00+00:00'
\set p2 '2026-06-15 22:00:00+00:00'
\set p3 'custom'
\set p4 'Signed up'
\set p5 '2026-05-16 22:00:00+00:00'
\set p6 '2026-06-22 22:00:00+00:00'
\set p7 'custom'
\set p8 'Paid'
\set p9 '2026-05-16 22:00:00+00:00'
\set p10 '2026-06-22 22:00:00+00:00'
\set p11 'pageview'
\set p12 ''
\set p13 '/signup'
\set p14 '2026-06-15 22:00:00+00:00'
\set p15 '604800 s'
\set p16 60000000
\set p17 300000000
\set p18 1800000000
\set p19 3600000000
\set p20 21600000000
\set p21 86400000000
\set p22 259200000000
\set p23 604800000000
\set p24 2592000000000
with matched as (
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, true as is_1, false as is_2,
        false as is_3
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p1'::timestamptz
        and e.time < :'p2'::timestamptz
        and true
        and (e.kind = :'p3' and e.name = :'p4')
        and (true)
    )
    union all
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, false as is_1, true as is_2,
        false as is_3
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p5'::timestamptz
        and e.time < :'p6'::timestamptz
        and true
        and (e.kind = :'p7' and e.name = :'p8')
        and (true)
    )
    union all
    select coalesce(m.to_actor, e.actor_id) as actor, e.time as time, e.id as id, false as is_1, false as is_2,
        true as is_3
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where (
        e.environment_id = :p0
        and e.time >= :'p9'::timestamptz
        and e.time < :'p10'::timestamptz
        and true
        and (e.kind = :'p11' and e.name = :'p12')
        and (((e.path = :'p13')))
    )
),
placed as (
    select *, row_number() over (partition by actor order by time, id) as place
    from matched
),
reached_1 as (
    select *, case when is_1 and time < :'p14'::timestamptz then time end as x1
    from placed
),
before_2 as (
    select *, max(x1) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as s1,
        max(case when x1 is not null then place end) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as r1,
        max(case when is_3 then place end) over (partition by actor order by time, id rows between unbounded preceding and 1 preceding) as e1
    from reached_1
),
reached_2 as (
    select *, case when is_2 and time <= s1 + :'p15'::interval and (e1 is null or e1 <= r1) then s1 end as x2
    from before_2
),
levels as (
    select actor, max(case when x2 is not null then 2 when x1 is not null then 1 else 0 end) as level,
        (extract(epoch from min(case when x2 is not null then time end) - min(x2)) * 1000000)::bigint as took_2
    from reached_2
    group by actor
),
times as (
    select 0 as slot, 2 as step, took_2 as took
    from levels
    where took_2 is not null
),
placed_times as (
    select slot, step, took, row_number() over (partition by slot, step order by took) as place, count(*) over (partition by slot, step) as n
    from times
)
select 0 as slot, null as key, level as step, - 1 as bin, count(*) as number, 0 as groups
from levels
group by 1, 2, 3
union all
select slot, null as key, step, case when took < :p16 then 0
    when took < :p17 then 1 when took < :p18 then 2
    when took < :p19 then 3 when took < :p20 then 4
    when took < :p21 then 5 when took < :p22 then 6
    when took < :p23 then 7 when took < :p24 then 8
    else 9 end as bin, count(*) as number, 0 as groups
from times
group by 1, 3, 4
union all
select slot, null as key, step, null as bin, took as number, 0 as groups
from placed_times
where 2 * place >= n
    and 2 * place <= n + 2;
