-- While events of old months are moved from the partition of all other times (events/moving.py), whatever is added to it or
-- deleted from it is done to their copies too. The trigger that calls this is only there meanwhile.
create function copy_moving() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into events_moving select new.* on conflict do nothing;
    else
        delete from events_moving
         where environment_id = old.environment_id and time = old.time and id = old.id;
    end if;
    return null;
end $$;
