-- What both candidate search and its explanation ask of languages.

-- Languages in which a helper may serve an asker who listed these: exact ids in the asker's order, then the
-- editable pairs. `first` only for the asker's own first language.
CREATE FUNCTION shared_languages(wanted text[]) RETURNS TABLE (language text, first boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT language, bool_or(first) FROM (
        SELECT w.language, w.rank = 1 AS first FROM unnest(wanted) WITH ORDINALITY w (language, rank)
        UNION ALL
        SELECT CASE WHEN p.spoken_a = w THEN p.spoken_b ELSE p.spoken_a END, false
        FROM unnest(wanted) w JOIN language_pair p ON w IN (p.spoken_a, p.spoken_b)
    ) wide GROUP BY language
$$;
