-- The index of names costs more than any other, and months that are over do without it once they are packed
-- (events/packing.py). So it belongs to each partition by itself, not to `events`.
create function index_names(part text) returns void language plpgsql as $$
begin
    -- Counts, unique users and sessions of one kind and name are answered from this index alone.
    execute format('create index on %I (environment_id, kind, name, time) include (actor_id, session_id, id)', part);
end $$;

create or replace function make_event_partition(name text, month date) returns void language plpgsql as $$
declare
    starts timestamptz := month::timestamp at time zone 'UTC';
    ends timestamptz := (month + interval '1 month') at time zone 'UTC';
begin
    execute format('create table %I (like events including defaults including constraints)', name);
    -- Counts read the index alone only where vacuum has been; the stock setting waits for 20 % of new rows.
    execute format('alter table %I set (autovacuum_vacuum_insert_scale_factor = 0.05)', name);
    perform index_names(name);
    execute format(
        'with moved as (delete from events_default where time >= %L and time < %L returning *) '
        'insert into %I select * from moved', starts, ends, name);
    execute format('alter table events attach partition %I for values from (%L) to (%L)', name, starts, ends);
end $$;

-- While a month is packed, this notes which of its events come or go, so that the copies can follow. The trigger that
-- calls it is only there meanwhile.
create function note_packing() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into events_packing_noted values (new.environment_id, new.time, new.id);
    else
        insert into events_packing_noted values (old.environment_id, old.time, old.id);
    end if;
    return null;
end $$;
