-- Which of all processes took a lock or makes a run: a random name. Hosts and process ids repeat in containers.
ALTER TABLE sync_locks ADD COLUMN instance TEXT;

ALTER TABLE sync_records ADD COLUMN instance TEXT;
