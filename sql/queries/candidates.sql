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
    JOIN need n ON n.id = w.need_id
    CROSS JOIN LATERAL (
        SELECT id FROM need other WHERE other.member_id = n.member_id
        UNION
        SELECT id FROM need other WHERE other.contact_index = n.contact_index
    ) other
    JOIN match t ON t.need_id = other.id AND t.state = 'done'
)
SELECT p.at, m.asks_answered AS answered, m.asks_accepted AS accepted,
    (p.need_id, p.member_id) IN (SELECT need_id, member_id FROM earlier) AS helped_before, p.at IN (SELECT at FROM kept) AS reserved
FROM pair p JOIN member m ON m.id = p.member_id;

-- name: why_nobody(need_id, weekly_asks, now)
-- How many offers of its group, or shared with the alliance, pass each test, and what fails for those that fail only one?
WITH the_need AS (
    SELECT n.*, c.remote, c.vetting AS vetting_needed FROM need n JOIN category c ON c.slug = n.category WHERE n.id = :need_id
), usable AS (
    SELECT o.*, true AS open FROM the_need n
    JOIN offer o ON o.state <> 'ended' AND (o.group_id = n.group_id OR (o.reach = 'alliance' AND n.reach = 'alliance'))
    UNION ALL  -- shared ones that a need for its own group only leaves aside, as far as they fit: no walk through all of them
    SELECT o.*, false FROM offer o WHERE o.id IN (
        SELECT k.offer_id FROM the_need n
        CROSS JOIN LATERAL shared_languages(n.languages) s
        CROSS JOIN LATERAL zones_near(n.zone_code, n.remote) z
        JOIN offer_shelf h ON h.audience = '00000000-0000-0000-0000-000000000000' AND h.category = n.category AND h.language = s.language
        JOIN offer_key k ON k.shelf = h.id AND k.zone = z.zone
        WHERE n.reach = 'group' AND k.group_id <> n.group_id
    )
), tested AS (
    SELECT o.id, o.open, o.languages, o.radius_km, z.km,
        n.category = ANY (o.categories) AS category,
        EXISTS (SELECT FROM shared_languages(n.languages) s WHERE s.language = ANY (o.languages)) AS language,
        n.remote OR o.zone_code = n.zone_code OR coalesce(z.km <= o.radius_km + n.widened_km, false) AS distance,
        o.state = 'active' AND s.state = 'admitted' AND s.vetting >= n.vetting_needed
            AND (SELECT count(*) FROM unnest(m.task_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') < m.per_week AS capacity,
        o.hours & n.hours <> 0 AS time,
        NOT EXISTS (SELECT FROM ask a WHERE a.need_id = n.id AND a.member_id = m.id) AS unasked,
        NOT EXISTS (SELECT FROM ask a WHERE a.member_id = m.id AND a.urgent = (n.urgency = 'urgent') AND a.state IN ('planned', 'sent'))
            AND (SELECT count(*) FROM unnest(m.ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') < coalesce(m.weekly_asks, :weekly_asks) AS askable,
        EXISTS (SELECT FROM ask a WHERE a.need_id = n.id AND a.member_id = m.id AND a.state IN ('accepted', 'declined')) AS answered
    FROM the_need n
    CROSS JOIN usable o
    JOIN member m ON m.id = o.member_id AND m.confirmed AND NOT m.mail_stopped AND m.contact_kind = 'email'
        AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
    JOIN membership s ON s.member_id = m.id AND s.group_id = o.group_id AND s.state IN ('admitted', 'awaiting')
    LEFT JOIN zone_near z ON z.zone_code = n.zone_code AND z.near_code = o.zone_code
    WHERE NOT EXISTS (SELECT FROM apart p WHERE p.one = least(m.contact_index, n.contact_index) AND p.other = greatest(m.contact_index, n.contact_index))
)
SELECT open, category, language, distance, capacity, time, unasked, askable, answered,
    CASE WHEN NOT distance AND language THEN
        CASE WHEN km - radius_km <= 5 THEN 5 WHEN km - radius_km <= 15 THEN 15 WHEN km - radius_km <= 30 THEN 30 WHEN km - radius_km <= 60 THEN 60 WHEN km - radius_km <= 120 THEN 120 END
    END AS within_km,
    CASE WHEN NOT language THEN languages END AS speaks,
    count(*) AS offers
FROM tested
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11;

-- name: age_loads(now, most)$
-- Moves on until when the search knows how busy people at least are, `most` people at a time. Is there more to do?
SELECT age_loads(:now, :most);

-- name: closed_to_need(need_id, most)$
-- How many offers of other groups, not shared, are of this kind, language and place? No more are counted than `most`, and
-- only by what changes rarely: nobody learns from it who of them is busy.
SELECT count(*) FROM (
    SELECT DISTINCT k.offer_id FROM need n
    JOIN category c ON c.slug = n.category
    CROSS JOIN LATERAL shared_languages(n.languages) s
    CROSS JOIN LATERAL zones_near(n.zone_code, c.remote) z
    JOIN offer_shelf h ON h.audience NOT IN (n.group_id, '00000000-0000-0000-0000-000000000000') AND h.category = n.category AND h.language = s.language
    JOIN offer_key k ON k.shelf = h.id AND k.zone = z.zone
    JOIN offer o ON o.id = k.offer_id AND o.reach = 'group' AND o.member_id IS DISTINCT FROM n.member_id
    JOIN membership m ON m.member_id = o.member_id AND m.group_id = o.group_id AND m.state = 'admitted'
    WHERE n.id = :need_id AND (c.remote OR z.km = 0 OR z.km <= k.radius_km + n.widened_km)
    LIMIT :most
) found;
