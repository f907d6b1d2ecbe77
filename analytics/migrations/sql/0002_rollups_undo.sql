drop index events_late;
drop trigger forget_counted on events;
drop trigger note_merges on merges;
drop trigger forget_merges on merges;
drop function forget_counted(), note_merges(), forget_merges();
drop table rollup_pending, rollup_positions, rollup_values, rollup_counts, rollup_days, rollup_marks;
