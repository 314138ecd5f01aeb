-- What the office shares with all phones of a region is listed by kind, among all the records of a phone.
CREATE INDEX record_other ON record (kind, id) WHERE kind NOT IN
    ('worker', 'enrollment', 'enrollment_event', 'visit', 'attachment', 'feedback', 'accident_report', 'death_report');
