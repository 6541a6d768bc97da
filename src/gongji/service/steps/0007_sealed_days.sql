-- What an institution is owed is read at the console from the days that were sealed.
grant select on sealed_day to gongji_console;
