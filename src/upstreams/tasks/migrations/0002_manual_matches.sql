-- Only the matches made by hand are ever looked for by their package; an index of all of them made every batch of new
-- tasks write pages all over it.
DROP INDEX task_matches_package;

CREATE INDEX task_matches_manual ON task_matches (package_code) WHERE how = 'manual';
