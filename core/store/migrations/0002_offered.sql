-- The epoch whose server has an orphan for a person to look at; NULL while none has it.
ALTER TABLE orphan ADD COLUMN kept INTEGER;
