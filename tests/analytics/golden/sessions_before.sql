-- Sessions, last 3 days, compared with the period before
-- /sessions/?days=3&before=period

-- p0 bigint, p1 interval, p2 timestamptz, p3 timestamptz, p4 timestamptz, p5 timestamptz, p6 interval, p7
-- bigint
\set p0 1
\set p1 '1800 s'
\set p2 '2026-06-12 21:30:00+00:00'
\set p3 '2026-06-16 22:00:00+00:00'
\set p4 '2026-06-12 22:00:00+00:00'
\set p5 '2026-06-15 22:00:00+00:00'
\set p6 '86400 s'
\set p7 51
with found as (
    select e.session_id as session_id, e.time as time, e.id as id, e.actor_id as actor_id, e.path as path,
        case when e.kind = 'pageview' then 1 else 0 end as viewed, case
        when (true) then 1 else 0 end as fits, lag(e.time) over (partition by e.session_id order by e.time, e.id) as previous
    from events e
    where (
        e.environment_id = :p0
        and e.session_id is not null
        and e.time >= :'p2'::timestamptz
        and e.time < :'p3'::timestamptz
    )
),
numbered as (
    select *, case when previous is null or time > previous + :'p1'::interval then 1
        else 0 end as begins, max(case when previous is null or time > previous + :'p1'::interval then time end) over (partition by session_id order by time, id rows between unbounded preceding and current row) as started,
        sum(viewed) over (partition by session_id order by time, id rows between unbounded preceding and current row) as seen
    from found
),
placed as (
    select *, min(case when viewed = 1 then seen end) over (partition by session_id, started) as first_seen,
        max(case when viewed = 1 then seen end) over (partition by session_id, started) as last_seen
    from numbered
    where started >= :'p4'::timestamptz
        and started < :'p5'::timestamptz
        and time <= started + :'p6'::interval
),
sessions as (
    select session_id, started, max(time) as ended, count(*) as events, sum(viewed) as pageviews, max(case when begins = 1 then id end) as first_id,
        max(case when begins = 1 then actor_id end) as actor_id, max(case when viewed = 1 and seen = first_seen then path end) as entry,
        max(case when viewed = 1 and seen = last_seen then path end) as exit
    from placed e
    group by session_id, started having max(case when fits = 1 then 1 else 0 end) = 1
),
kept as (
    select e.*, coalesce(m.to_actor, e.actor_id) as person
    from sessions e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where true
),
page as (
    select *
    from kept
    where true
    order by started desc, session_id desc
    limit :p7
),
ranked as (
    select *, ended - started as length, row_number() over (order by ended - started) as place, count(*) over () as total
    from kept
),
totals as (
    select count(*) as sessions, sum(case when pageviews > 0 then 1 else 0 end) as viewed, sum(case when events = 1 and pageviews = 1 then 1 else 0 end) as bounces,
        min(case when place * 2 between total and total + 2 then length end) as lower, max(case when place * 2 between total and total + 2 then length end) as upper
    from ranked
)
select t.sessions as sessions, t.viewed as viewed, t.bounces as bounces, t.lower as lower, t.upper as upper,
    s.session_id as session_id, s.started as started, s.ended as ended, s.events as events, s.pageviews as pageviews,
    s.entry as entry, s.exit as exit, s.person as person, p.identity as identity, f.referrer as referrer,
    f.utm_source as utm_source, f.utm_medium as utm_medium, f.utm_campaign as utm_campaign
from totals t
left join page s on 1 = 1
left join people p on p.environment_id = :p0 and p.actor_id = s.person
left join events f on f.environment_id = :p0 and f.time = s.started and f.id = s.first_id
order by s.started desc, s.session_id desc;

-- p0 bigint
\set p0 1
select e.time as time
from events e
where e.environment_id = :p0
order by e.time
limit 1;

-- p0 bigint, p1 interval, p2 timestamptz, p3 timestamptz, p4 timestamptz, p5 timestamptz, p6 interval
\set p0 1
\set p1 '1800 s'
\set p2 '2026-06-09 21:30:00+00:00'
\set p3 '2026-06-12 12:00:00+00:00'
\set p4 '2026-06-09 22:00:00+00:00'
\set p5 '2026-06-12 12:00:00+00:00'
\set p6 '86400 s'
with found as (
    select e.session_id as session_id, e.time as time, e.id as id, e.actor_id as actor_id, e.path as path,
        case when e.kind = 'pageview' then 1 else 0 end as viewed, case
        when (true) then 1 else 0 end as fits, lag(e.time) over (partition by e.session_id order by e.time, e.id) as previous
    from events e
    where (
        e.environment_id = :p0
        and e.session_id is not null
        and e.time >= :'p2'::timestamptz
        and e.time < :'p3'::timestamptz
    )
),
numbered as (
    select *, case when previous is null or time > previous + :'p1'::interval then 1
        else 0 end as begins, max(case when previous is null or time > previous + :'p1'::interval then time end) over (partition by session_id order by time, id rows between unbounded preceding and current row) as started,
        sum(viewed) over (partition by session_id order by time, id rows between unbounded preceding and current row) as seen
    from found
),
placed as (
    select *, min(case when viewed = 1 then seen end) over (partition by session_id, started) as first_seen,
        max(case when viewed = 1 then seen end) over (partition by session_id, started) as last_seen
    from numbered
    where started >= :'p4'::timestamptz
        and started < :'p5'::timestamptz
        and time <= started + :'p6'::interval
),
sessions as (
    select session_id, started, max(time) as ended, count(*) as events, sum(viewed) as pageviews, max(case when begins = 1 then id end) as first_id,
        max(case when begins = 1 then actor_id end) as actor_id, max(case when viewed = 1 and seen = first_seen then path end) as entry,
        max(case when viewed = 1 and seen = last_seen then path end) as exit
    from placed e
    group by session_id, started having max(case when fits = 1 then 1 else 0 end) = 1
),
kept as (
    select e.*, coalesce(m.to_actor, e.actor_id) as person
    from sessions e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where true
),
ranked as (
    select *, ended - started as length, row_number() over (order by ended - started) as place, count(*) over () as total
    from kept
),
totals as (
    select count(*) as sessions, sum(case when pageviews > 0 then 1 else 0 end) as viewed, sum(case when events = 1 and pageviews = 1 then 1 else 0 end) as bounces,
        min(case when place * 2 between total and total + 2 then length end) as lower, max(case when place * 2 between total and total + 2 then length end) as upper
    from ranked
)
select sessions, viewed, bounces, lower, upper
from totals;
