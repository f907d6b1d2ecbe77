drop function add_to_catalogue(json, integer, integer, integer, integer);
alter table catalogue_marks drop column first_month;
-- Adds rows to the catalogue, as far as there is room: JSON objects with the fields below, of which `events` 0 means
-- that something is there. Such rows change nothing where there is a row already. Returns what was left out.
-- Three statements, so that each sees what other processes have added meanwhile; always in one order, so that two never
-- wait for each other.
create or replace function add_to_catalogue(came json, most_names integer, most_keys integer, most_pairs integer)
returns table (owner bigint, of_month date, left_events bigint, left_values bigint) language plpgsql as $$
#variable_conflict use_column
begin
    -- Nearly always all that is announced is there.
    came := (
        select json_agg(c) from json_to_recordset(came) as c(
                   environment_id bigint, kind text, name text, key text, month date, events bigint, numbers bigint,
                   texts bigint, booleans bigint, first_at timestamptz, last_at timestamptz)
          left join catalogue_names n
                 on n.environment_id = c.environment_id and n.kind = c.kind and n.name = c.name
          left join catalogue_keys k on k.environment_id = c.environment_id and k.key = c.key
          left join catalogue_counts p
                 on p.environment_id = c.environment_id and p.name_id = n.id and p.month = c.month
                and p.key_id = case when c.key is null then 0 else k.id end
         where c.events > 0 or p.name_id is null);
    if came is null then
        return;
    end if;

    with unknown as materialized (
        select c.environment_id, c.kind, c.name, max(c.events) as events
          from json_to_recordset(came) as c(environment_id bigint, kind text, name text, events bigint)
          join projects_environment e on e.id = c.environment_id
         where not exists (select from catalogue_names n
                            where n.environment_id = c.environment_id and n.kind = c.kind and n.name = c.name)
         group by 1, 2, 3),
    taken as materialized (
        select d.environment_id, count(n.id) as names
          from (select distinct environment_id from unknown) d
          left join catalogue_names n on n.environment_id = d.environment_id and n.kind <> 'person' group by 1),
    placed as (
        select u.*, t.names + row_number() over (partition by environment_id order by u.events desc, kind, name) as place
          from unknown u join taken t using (environment_id))
    insert into catalogue_names (environment_id, kind, name)
    select environment_id, kind, name from placed where place <= most_names or kind = 'person' order by 1, 2, 3
        on conflict do nothing;

    with unknown as materialized (
        select c.environment_id, c.key, sum(c.events) as events
          from json_to_recordset(came) as c(environment_id bigint, key text, events bigint)
          join projects_environment e on e.id = c.environment_id
         where c.key is not null and octet_length(c.key) <= 2400
           and not exists (select from catalogue_keys k where k.environment_id = c.environment_id and k.key = c.key)
         group by 1, 2),
    taken as materialized (
        select d.environment_id, count(k.id) as keys
          from (select distinct environment_id from unknown) d
          left join catalogue_keys k on k.environment_id = d.environment_id group by 1),
    placed as (
        select u.*, t.keys + row_number() over (partition by environment_id order by u.events desc, key) as place
          from unknown u join taken t using (environment_id))
    insert into catalogue_keys (environment_id, key)
    select environment_id, key from placed where place <= most_keys order by 1, 2
        on conflict do nothing;

    return query
    with found as materialized (
        select c.*, n.id as name_id, case when c.key is null then 0 else k.id end as key_id,
               exists (select from catalogue_counts p
                        where p.environment_id = c.environment_id and p.name_id = n.id
                          and p.key_id = case when c.key is null then 0 else k.id end and p.month = c.month) as is_there
          from json_to_recordset(came) as c(
                   environment_id bigint, kind text, name text, key text, month date, events bigint, numbers bigint,
                   texts bigint, booleans bigint, first_at timestamptz, last_at timestamptz)
          left join catalogue_names n
                 on n.environment_id = c.environment_id and n.kind = c.kind and n.name = c.name
          left join catalogue_keys k on k.environment_id = c.environment_id and k.key = c.key),
    taken as materialized (
        select d.environment_id, d.month, (select count(*) from catalogue_counts p
                                            where p.environment_id = d.environment_id and p.month = d.month and p.key_id <> 0
               ) as pairs
          from (select distinct environment_id, month from found
                 where key_id is not null and name_id is not null and not is_there) d),
    placed as materialized (
        select f.*, name_id is not null and key_id is not null and (is_there or f.key is null or t.pairs + row_number()
                    over (partition by environment_id, month, is_there, f.key is null
                          order by f.events desc, name_id, key_id) <= most_pairs) as has_room
          from found f left join taken t using (environment_id, month)),
    added as (
        insert into catalogue_counts as kept
               (environment_id, name_id, key_id, month, events, numbers, texts, booleans, first_at, last_at, announced_at)
        select environment_id, name_id, key_id, month, events, numbers, texts, booleans, first_at, last_at,
               case when events = 0 then clock_timestamp() end
          from placed where has_room and (events > 0 or not is_there)
         order by 1, 2, 3, 4
            on conflict (environment_id, name_id, key_id, month) do update
               set events = kept.events + excluded.events, numbers = kept.numbers + excluded.numbers,
                   texts = kept.texts + excluded.texts, booleans = kept.booleans + excluded.booleans,
                   first_at = case when kept.events = 0 then excluded.first_at
                                   else least(kept.first_at, excluded.first_at) end,
                   last_at = case when kept.events = 0 then excluded.last_at
                                  else greatest(kept.last_at, excluded.last_at) end,
                   announced_at = null
             where excluded.events > 0)
    select environment_id, month, coalesce(sum(events) filter (where key is null), 0)::bigint,
           coalesce(sum(events) filter (where key is not null), 0)::bigint
      from placed where not has_room and events > 0 group by 1, 2;
end $$;
