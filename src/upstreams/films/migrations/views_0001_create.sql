-- The rank is counted from 1 here.
CREATE VIEW v_films AS
SELECT source, source_id AS id, title, original_title, type, year, release_date, runtime_minutes, imdb_id, rating, votes,
    directors, writers, actors, genres, countries, languages, aka, summary, cover_url, episodes,
    list_rank + 1 AS list_rank, detail_status, detail_at, first_seen_at, last_changed_at, last_seen_record
FROM videos
WHERE deleted_at IS NULL;
