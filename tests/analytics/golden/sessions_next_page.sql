-- Sessions, last 7 days
-- /sessions/?segment=00000000-0000-0000-0000-000000000002&days=7&after=2026-06-14T12:00:00+00:00_42

-- p0 bigint, p1 interval, p2 timestamptz, p3 timestamptz, p4 timestamptz, p5 timestamptz, p6 interval, p7
-- text, p8 text, p9 timestamptz, p10 timestamptz, p11 text, p12 text, p13 bigint, p14 timestamptz, p15
-- bigint, p16 bigint
\set p0 1
\set p1 '1800 s'
\set p2 '2026-06-08 21:30:00+00:00'
\set p3 '2026-06-15 12:00:00.000001+00:00'
\set p4 '2026-06-08 22:00:00+00:00'
\set p5 '2026-06-14 12:00:00.000001+00:00'
\set p6 '86400 s'
\set p7 'country'
\set p8 'DE'
\set p9 '2026-03-17 23:00:00+00:00'
\set p10 '2026-06-15 22:00:00+00:00'
\set p11 'custom'
\set p12 'Paid'
\set p13 2
\set p14 '2026-06-14 12:00:00+00:00'
\set p15 42
\set p16 51
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
did_4 as (
    select coalesce(m.to_actor, e.actor_id) as actor, count(*) as times
    from events e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    where e.environment_id = :p0
        and e.time >= :'p9'::timestamptz
        and e.time < :'p10'::timestamptz
        and (((e.kind = :'p11' and e.name = :'p12')))
    group by 1
),
kept as (
    select e.*, coalesce(m.to_actor, e.actor_id) as person
    from sessions e
    left join merges m on m.environment_id = :p0 and m.from_actor = e.actor_id
    left join people p on p.environment_id = :p0 and p.actor_id = coalesce(m.to_actor, e.actor_id)
    left join did_4 on did_4.actor = coalesce(m.to_actor, e.actor_id)
    where (
        (
            ((p.properties ->> :'p7') = :'p8')
            and (coalesce(did_4.times, 0) >= :p13)
        )
    )
),
page as (
    select *
    from kept
    where (started, session_id) < (:'p14'::timestamptz, :p15)
    order by started desc, session_id desc
    limit :p16
)
select s.session_id as session_id, s.started as started, s.ended as ended, s.events as events, s.pageviews as pageviews,
    s.entry as entry, s.exit as exit, s.person as person, p.identity as identity, f.referrer as referrer,
    f.utm_source as utm_source, f.utm_medium as utm_medium, f.utm_campaign as utm_campaign
from page s
left join people p on p.environment_id = :p0 and p.actor_id = s.person
left join events f on f.environment_id = :p0 and f.time = s.started and f.id = s.first_id
order by s.started desc, s.session_id desc;
