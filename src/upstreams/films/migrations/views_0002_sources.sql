-- One line per film, with what each source has of it beside what the others have. Rows are of one film where they have
-- the same IMDb id; a row without one is a line by itself. Where a source has a film twice, it is counted in `row_count`,
-- and the greatest value is shown.
CREATE VIEW v_film_sources AS
SELECT
    coalesce(imdb_id, source || ':' || source_id) AS film,
    max(imdb_id) AS imdb_id,
    count(*) AS row_count,
    max(CASE WHEN source = 'douban' THEN source_id END) AS douban_id,
    max(CASE WHEN source = 'tmdb' THEN source_id END) AS tmdb_id,
    max(CASE WHEN source = 'douban' THEN title END) AS douban_title,
    max(CASE WHEN source = 'tmdb' THEN title END) AS tmdb_title,
    max(CASE WHEN source = 'douban' THEN year END) AS douban_year,
    max(CASE WHEN source = 'tmdb' THEN year END) AS tmdb_year,
    max(CASE WHEN source = 'douban' THEN release_date END) AS douban_release_date,
    max(CASE WHEN source = 'tmdb' THEN release_date END) AS tmdb_release_date,
    max(CASE WHEN source = 'douban' THEN rating END) AS douban_rating,
    max(CASE WHEN source = 'tmdb' THEN rating END) AS tmdb_rating,
    max(CASE WHEN source = 'douban' THEN votes END) AS douban_votes,
    max(CASE WHEN source = 'tmdb' THEN votes END) AS tmdb_votes
FROM videos
WHERE deleted_at IS NULL
GROUP BY coalesce(imdb_id, source || ':' || source_id);
