-- Reports are listed by themselves, newest first, among all the records of a phone.
CREATE INDEX record_report ON record (id) WHERE kind IN ('feedback', 'accident_report', 'death_report');
