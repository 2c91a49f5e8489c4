-- name: candidates_for_need(need_id, weekly_asks, most, now)
-- Whom could this need be asked of? Those who may be asked now first, then the cheapest; none of them is missed.
SELECT b.offer_id, b.member_id, b.group_id, b.km, b.need_r50_km, b.offer_r50_km, b.radius_km, b.language, b.second_language, b.load,
    b.asks_last_week, b.weekly_asks, b.outstanding, m.time_zone, m.quiet_from, m.quiet_until, m.urgent_any_hour, b.cost
FROM best_candidates(ARRAY[CAST(:need_id AS uuid)], :most, :weekly_asks, :now, true) b JOIN member m ON m.id = b.member_id
ORDER BY b.outstanding OR b.asks_last_week >= b.weekly_asks, b.cost, b.offer_id
LIMIT :most;

-- name: known_of_candidates(need_ids, offer_ids)
-- What is known of these people, each for its need (two lists of equal length): how often they said yes, whether they
-- helped this asker before, and whether to keep them for a language that is rare beside the need's: at most a tenth of
-- its speakers speak it. `at` counts from 1. Speakers are active offers of the category, counted up to 200, where rare is 20.
WITH pair AS MATERIALIZED (
    SELECT p.at, n.id AS need_id, n.category, n.languages AS wanted, o.id AS offer_id, o.member_id, o.languages
    FROM unnest(CAST(:need_ids AS uuid[]), CAST(:offer_ids AS uuid[])) WITH ORDINALITY AS p (need_id, offer_id, at)
    JOIN need n ON n.id = p.need_id JOIN offer o ON o.id = p.offer_id
), asked_for AS MATERIALIZED (
    SELECT DISTINCT p.need_id, p.category, l.language FROM pair p CROSS JOIN LATERAL unnest(p.wanted) l (language)
), speakers AS MATERIALIZED (
    SELECT s.category, s.language, (
        SELECT count(*) FROM (
            SELECT FROM offer_shelf h JOIN offer_key k ON k.shelf = h.id
            WHERE h.category = s.category AND h.language = s.language AND h.audience <> '00000000-0000-0000-0000-000000000000' LIMIT 200
        ) counted
    ) AS people
    FROM (
        SELECT category, language FROM asked_for
        UNION
        SELECT p.category, l.language FROM pair p CROSS JOIN LATERAL unnest(p.languages) l (language)
    ) s
), usual AS (
    SELECT a.need_id, max(s.people) AS people FROM asked_for a JOIN speakers s USING (category, language) GROUP BY 1
), kept AS (
    SELECT DISTINCT p.at FROM pair p
    CROSS JOIN LATERAL unnest(p.languages) l (language)
    JOIN speakers rare ON rare.category = p.category AND rare.language = l.language
    JOIN usual u ON u.need_id = p.need_id
    WHERE l.language <> ALL (p.wanted) AND 10 * rare.people <= u.people
), earlier AS (
    SELECT w.need_id, t.member_id
    FROM (SELECT DISTINCT need_id FROM pair) w
    CROSS JOIN LATERAL needs_of_same_asker(w.need_id) other (id)
    JOIN match t ON t.need_id = other.id AND t.state = 'done'
), last AS (
    SELECT n.id AS need_id, t.member_id FROM need n JOIN match t ON t.need_id = n.repeats_of AND t.state IN ('connected', 'done')
    WHERE n.id IN (SELECT need_id FROM pair)
)
SELECT p.at, m.asks_answered AS answered, m.asks_accepted AS accepted,
    (p.need_id, p.member_id) IN (SELECT need_id, member_id FROM earlier) AS helped_before,
    (p.need_id, p.member_id) IN (SELECT need_id, member_id FROM last) AS helped_last, p.at IN (SELECT at FROM kept) AS reserved
FROM pair p JOIN member m ON m.id = p.member_id;

-- name: why_nobody(need_id, weekly_asks, now)
-- How many offers of its group, or shared with the alliance, pass each test, and what fails for those that fail only one?
SELECT w.* FROM need n CROSS JOIN LATERAL why_nobody(n.id, :weekly_asks, :now) w WHERE n.id = :need_id;

-- name: age_loads(now, most)$
-- Moves on until when the search knows how busy people at least are, `most` people at a time. Is there more to do?
SELECT age_loads(:now, :most);

-- name: closed_to_need(need_id, most)$
-- How many offers of other groups, not shared, are of this kind, language and place? No more are counted than `most`, and
-- only by what changes rarely: nobody learns from it who of them is busy.
SELECT closed_to_need(n.id, :most) FROM need n WHERE n.id = :need_id;
