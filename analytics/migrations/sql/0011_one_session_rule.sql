-- A session ends after 30 minutes without an event. Days that were counted by the rule of before (24 hours) keep all
-- else that is counted of them; questions about sessions read their events until they are counted anew.
alter table rollup_days add column has_sessions boolean not null default false;

-- As in 0008_older_servers.sql, by this rule.
create or replace function forget_counted() returns trigger language plpgsql
set enable_hashjoin = on set enable_mergejoin = on set enable_seqscan = off set jit = off as $$
declare
    environment bigint;
    counted_to timestamptz;
    change record;
    touched timestamptz[];
    forgotten timestamptz[];
    is_exact boolean;
begin
    for environment in select distinct g.environment_id from gone g order by 1 loop
        perform pg_advisory_xact_lock(hashtextextended('rollups', environment));
        select mark into counted_to from rollup_marks where environment_id = environment;
        continue when not found;

        delete from rollup_days d using gone g
         where d.environment_id = environment and g.environment_id = environment
           and g.received_at - g.time > interval '1 hour' and g.received_at >= counted_to
           and g.time < d.ends and g.time >= d.starts - interval '30 minutes';

        -- Merges that the days do not know of yet: whoever the visitors became needs a place of their own now.
        insert into rollup_positions (environment_id, actor_id, position)
        select environment, person, (select max(position) from rollup_positions p where p.environment_id = environment)
               + row_number() over ()
          from (select distinct m.to_actor as person
                  from gone g
                  join merges m on m.environment_id = environment and m.from_actor = g.actor_id
                  join rollup_positions p on p.environment_id = environment and p.actor_id = g.actor_id
                 where g.environment_id = environment) as merged
         where not exists (select from rollup_positions p where p.environment_id = environment and p.actor_id = person);

        touched := '{}';
        forgotten := '{}';
        for change in
            with gone_of_days as materialized (
                select d.starts, d.ends, d.without_robots, coalesce(m.to_actor, g.actor_id) as person,
                       g.time, g.id, g.session_id,
                       g.kind, g.name, g.path, g.referrer, g.browser, g.os, g.device, g.utm_source
                  from gone g
                  left join merges m on m.environment_id = environment and m.from_actor = g.actor_id
                 cross join lateral (
                       select d.starts, d.ends, d.without_robots from rollup_days d
                        where d.environment_id = environment and d.starts <= g.time + interval '30 minutes'
                          and d.starts > g.time - interval '26 hours' and g.time < d.ends
                          and (not d.without_robots or g.id >= 0) offset 0) as d
                 where g.environment_id = environment),
            days_of_people as materialized (select distinct person, starts, ends, without_robots from gone_of_days),
            days as materialized (select distinct starts from days_of_people),
            actors as materialized (
                select p.person, a.actor_id, count(*) over (partition by p.person) > 1001 as are_many
                  from (select distinct person from days_of_people) as p
                 cross join lateral (
                       select p.person union all (
                       select m.from_actor from merges m
                        where m.environment_id = environment and m.to_actor = p.person limit 1001)) as a(actor_id)),
            around as materialized (
                select *, true as is_gone from gone_of_days
                 union all
                select t.starts, t.ends, t.without_robots, t.person, e.*, false
                  from days_of_people t join actors a on a.person = t.person and not a.are_many
                 cross join lateral (
                       select e.time, e.id, e.session_id,
                              e.kind, e.name, e.path, e.referrer, e.browser, e.os, e.device, e.utm_source
                         from events e
                        where e.environment_id = environment and e.actor_id = a.actor_id
                          and e.time >= t.starts - interval '30 minutes' and e.time < t.ends
                          and (not t.without_robots or e.id >= 0) offset 0) as e),
            told as materialized (
                select *, time >= starts as is_of_day,
                       session_id is not null and time >= starts and coalesce(
                           time > max(time) over before + interval '30 minutes', true) as began,
                       session_id is not null and time >= starts and not is_gone and coalesce(
                           time > max(time) filter (where not is_gone) over before + interval '30 minutes', true) as begins
                  from around
                window before as (partition by starts, person, session_id order by time, id
                                  rows between unbounded preceding and 1 preceding)),
            sums as materialized (
                select starts, kind, name, person, count(*) filter (where is_gone) as fewer,
                       count(*) filter (where not is_gone) as kept
                  from (select starts, kind, name, person, is_gone from told where is_of_day union all
                        select starts, 'any', '', person, is_gone from told where is_of_day) as each
                 group by 1, 2, 3, 4 having bool_or(is_gone)
                 union all
                select starts, 'session', '', person, count(*) filter (where began) - count(*) filter (where begins),
                       count(*) filter (where begins)
                  from told where began or begins group by 1, 4),
            places as materialized (
                select a.person, p.position, a.person = a.actor_id as is_own
                  from actors a cross join lateral (
                       select p.position from rollup_positions p
                        where p.environment_id = environment and p.actor_id = a.actor_id offset 0) as p),
            bits as (
                select starts, kind, name, array_agg(position) as cleared,
                       array_agg(position) filter (where is_own and kept > 0) as placed
                  from sums join places using (person) group by 1, 2, 3),
            labels as (
                select starts, 'pageview' as kind, field, coalesce('=' || value, '-') as label, -count(*) as more
                  from told cross join lateral (values ('path', path), ('referrer', referrer), ('browser', browser),
                       ('os', os), ('device', device), ('utm_source', utm_source)) as v(field, value)
                 where is_of_day and is_gone and kind = 'pageview' group by 1, 3, 4
                 union all
                select starts, 'session', field, coalesce('=' || value, '-'),
                       count(*) filter (where begins) - count(*) filter (where began)
                  from told cross join lateral (values ('path', path), ('referrer', referrer), ('browser', browser),
                       ('os', os), ('device', device), ('utm_source', utm_source)) as v(field, value)
                 where began or begins group by 1, 3, 4)
            -- First the days that cannot be told, then what is to be changed in the others.
            select 1 as turn, d.starts, null as kind, null as name, null::bigint as fewer,
                   null::integer[] as cleared, null::integer[] as placed, null::jsonb as labels
              from days join rollup_days d on d.environment_id = environment and d.starts = days.starts
             where d.shared_sessions is null
             union
            select 1, t.starts, null, null, null, null, null, null
              from days_of_people t join actors a on a.actor_id = t.person and a.are_many
             union
            select 1, shared.starts, null, null, null, null, null, null
              from (select d.starts, unnest(d.shared_sessions) as session_id
                      from days join rollup_days d on d.environment_id = environment and d.starts = days.starts) as shared
              join told using (starts, session_id)
             union
            select 1, starts, null, null, null, null, null, null
              from sums left join places on places.person = sums.person and is_own
             where kept > 0 and is_own is null and exists (
                   select from rollup_days d
                    where d.environment_id = environment and d.starts = sums.starts and d.has_people)
             union all
            select 2, starts, kind, name, fewer, cleared, placed, null
              from (select starts, kind, name, sum(fewer)::bigint as fewer from sums group by 1, 2, 3) as totals
              left join bits using (starts, kind, name)
             union all
            select 3, starts, kind, field, null, null, null, jsonb_object_agg(label, more)
              from labels where more <> 0 group by 2, 3, 4
             order by turn
        loop
            if change.turn = 1 then
                forgotten := forgotten || change.starts;
            elsif change.starts <> all (forgotten) then
                touched := touched || change.starts;
                is_exact := case change.turn
                    when 2 then subtract_count(environment, change.starts, change.kind, change.name,
                                               change.fewer, change.cleared, change.placed)
                    else subtract_labels(environment, change.starts, change.kind, change.name, change.labels) end;
                if not is_exact then
                    forgotten := forgotten || change.starts;
                end if;
            end if;
        end loop;

        delete from rollup_days where environment_id = environment and starts = any(forgotten);
        delete from rollup_counts where environment_id = environment and starts = any(touched) and events = 0;
        with emptied as (
            update rollup_days d set is_empty = true, has_names = true
             where environment_id = environment and starts = any(touched)
               and not exists (select from rollup_counts c where c.environment_id = environment and c.starts = d.starts)
            returning starts)
        delete from rollup_values v using emptied where v.environment_id = environment and v.starts = emptied.starts;

        with people as (
            select g.actor_id from gone g where g.environment_id = environment
             union
            select m.to_actor from gone g
              join merges m on m.environment_id = environment and m.from_actor = g.actor_id
             where g.environment_id = environment),
        absent as (
            select actor_id from people p
             where not exists (select from events e where e.environment_id = environment and e.actor_id = p.actor_id)
               and not exists (
                   select from merges m
                    cross join lateral (
                          select from events e
                           where e.environment_id = environment and e.actor_id = m.from_actor limit 1) as e
                    where m.environment_id = environment and m.to_actor = p.actor_id))
        delete from rollup_positions p using absent
         where p.environment_id = environment and p.actor_id = absent.actor_id;
    end loop;
    return null;
end $$;
