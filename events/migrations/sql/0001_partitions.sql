-- Make sure that every month from `first` to `last` (any day of it) has a partition of its own; say how many were made.
-- Rows of such a month that the default partition caught meanwhile move over. A month is in UTC.
create function ensure_event_partitions(first date, last date) returns integer language plpgsql as $$
declare
    month date := date_trunc('month', first);
    name text;
    made integer := 0;
begin
    while month <= last loop
        name := 'events_' || to_char(month, 'YYYY_MM');
        if to_regclass(name) is null then
            perform make_event_partition(name, month);
            made := made + 1;
        end if;
        month := month + interval '1 month';
    end loop;
    return made;
end $$;

create function make_event_partition(name text, month date) returns void language plpgsql as $$
declare
    starts timestamptz := month::timestamp at time zone 'UTC';
    ends timestamptz := (month + interval '1 month') at time zone 'UTC';
begin
    execute format('create table %I (like events including defaults including constraints)', name);
    -- Counts read the index alone only where vacuum has been; the stock setting waits for 20 % of new rows.
    execute format('alter table %I set (autovacuum_vacuum_insert_scale_factor = 0.05)', name);
    execute format(
        'with moved as (delete from events_default where time >= %L and time < %L returning *) '
        'insert into %I select * from moved', starts, ends, name);
    execute format('alter table events attach partition %I for values from (%L) to (%L)', name, starts, ends);
end $$;
