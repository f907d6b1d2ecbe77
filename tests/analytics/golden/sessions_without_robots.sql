-- Sessions with Signed up, last 7 days
-- /sessions/?event=event:Signed up&where.0.field=property:plan&where.0.value=pro&entry=/pricing*&least=1&bounced=no&days=7

-- p0 bigint, p1 interval, p2 text, p3 text, p4 text, p5 text, p6 timestamptz, p7 timestamptz, p8 timestamptz,
-- p9 timestamptz, p10 interval, p11 text, p12 interval, p13 bigint
\set p0 1
\set p1 '1800 s'
\set p2 'custom'
\set p3 'Signed up'
\set p4 'plan'
\set p5 'pro'
\set p6 '2026-06-08 21:30:00+00:00'
\set p7 '2026-06-16 22:00:00+00:00'
\set p8 '2026-06-08 22:00:00+00:00'
\set p9 '2026-06-15 22:00:00+00:00'
\set p10 '86400 s'
\set p11 '/pricing%'
\set p12 '60 s'
\set p13 51
with found as (
    select e.session_id as session_id, e.time as time, e.id as id, e.actor_id as actor_id, e.path as path,
        case when e.kind = 'pageview' then 1 else 0 end as viewed, case
        when ((e.kind = :'p2' and e.name = :'p3') and ((e.properties ->> :'p4') = :'p5')) then 1
        else 0 end as fits, lag(e.time) over (partition by e.session_id order by e.time, e.id) as previous
    from events e
    where (
        e.environment_id = :p0
        and e.session_id is not null
        and e.time >= :'p6'::timestamptz
        and e.time < :'p7'::timestamptz
        and e.id >= 0
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
    where started >= :'p8'::timestamptz
        and started < :'p9'::timestamptz
        and time <= started + :'p10'::interval
),
sessions as (
    select session_id, started, max(time) as ended, count(*) as events, sum(viewed) as pageviews, max(case when begins = 1 then id end) as first_id,
        max(case when begins = 1 then actor_id end) as actor_id, max(case when viewed = 1 and seen = first_seen then path end) as entry,
        max(case when viewed = 1 and seen = last_seen then path end) as exit
    from placed e
    group by session_id, started having max(case when fits = 1 then 1 else 0 end) = 1 and max(case when viewed = 1 and seen = first_seen and e.path like :'p11' then 1 else 0 end) = 1 and max(time) >= started + :'p12'::interval and not (count(*) = 1 and sum(viewed) = 1)
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
    limit :p13
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
