-- What an institution is owed is read at the console from the days that were sealed; the job that
-- seals adds them.
grant select on sealed_day to gongji_console, gongji_jobs;
grant insert on sealed_day to gongji_jobs;
