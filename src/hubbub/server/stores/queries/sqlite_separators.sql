-- :flush Have FTS5 write what it holds in memory.
INSERT INTO search_term (search_term) VALUES ('flush');

-- :beginnings The separators where terms would be if they were there, and that begin as they do, with the pages. FTS5 puts a 0 before terms.
WITH RECURSIVE segment (id) AS (
    SELECT min(segid) FROM search_term_idx
    UNION ALL SELECT (SELECT min(segid) FROM search_term_idx WHERE segid > segment.id) FROM segment WHERE segment.id IS NOT NULL
), gone (term) AS (SELECT CAST('0' || value AS BLOB) FROM json_each(?))
SELECT DISTINCT idx.segid, idx.term, (SELECT block FROM search_term_data WHERE id = (idx.segid << 37) + (idx.pgno >> 1))
FROM segment CROSS JOIN gone CROSS JOIN search_term_idx AS idx ON idx.segid = segment.id
    AND idx.term = (SELECT max(term) FROM search_term_idx WHERE segid = segment.id AND term <= gone.term)
WHERE idx.term <> x'' AND idx.term = substr(gone.term, 1, length(idx.term));

-- :change Give a page another separator.
UPDATE search_term_idx SET term = ?3 WHERE segid = ?1 AND term = ?2;

-- :drop Have a page without terms, or that is gone, be found by none.
DELETE FROM search_term_idx WHERE segid = ?1 AND term = ?2 AND ?3 IS NULL;
