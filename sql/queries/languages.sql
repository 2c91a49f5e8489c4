-- name: languages()
-- Every language, the most widely known in Canada first.
SELECT tag, spoken_id, is_spoken, is_written, script, dir, name_en, name_fr, name_zh, endonym, knowledge_2021, babel_locale
FROM language
ORDER BY knowledge_2021 DESC NULLS LAST, tag;

-- name: language_aliases()
-- What else do people call the languages?
SELECT alias, tag FROM language_alias ORDER BY alias, tag;

-- name: language_pairs()
-- Which pairs of spoken languages count as a second choice?
SELECT spoken_a, spoken_b FROM language_pair ORDER BY spoken_a, spoken_b;

-- name: save_language(tag, spoken_id, is_spoken, is_written, script, dir, name_en, name_fr, name_zh, endonym, endonym_source, knowledge_2021, babel_locale)!
-- Adds or replaces one language.
INSERT INTO language (tag, spoken_id, is_spoken, is_written, script, dir, name_en, name_fr, name_zh, endonym, endonym_source, knowledge_2021, babel_locale)
VALUES (:tag, :spoken_id, :is_spoken, :is_written, :script, :dir, :name_en, :name_fr, :name_zh, :endonym, :endonym_source, :knowledge_2021, :babel_locale)
ON CONFLICT (tag) DO UPDATE SET spoken_id = excluded.spoken_id, is_spoken = excluded.is_spoken, is_written = excluded.is_written,
    script = excluded.script, dir = excluded.dir, name_en = excluded.name_en, name_fr = excluded.name_fr, name_zh = excluded.name_zh,
    endonym = excluded.endonym, endonym_source = excluded.endonym_source, knowledge_2021 = excluded.knowledge_2021,
    babel_locale = excluded.babel_locale;

-- name: forget_aliases()!
-- Clears the table before it is filled again.
DELETE FROM language_alias;

-- name: save_aliases(aliases, tags)!
-- Fills the table of other names.
INSERT INTO language_alias (alias, tag)
SELECT DISTINCT a, t FROM unnest(CAST(:aliases AS text[]), CAST(:tags AS text[])) AS x (a, t);

-- name: add_language_pair(spoken_a, spoken_b, note)!
-- Adds a shipped pair; one that is there already keeps its note.
INSERT INTO language_pair (spoken_a, spoken_b, note) VALUES (:spoken_a, :spoken_b, :note) ON CONFLICT DO NOTHING;
