-- name: candidates_for_need(need_id, weekly_asks, most, now)
-- Whom could this need be asked of? The design's hard constraints; those who may be asked now first, then the cheapest.
WITH the_need AS (
    SELECT n.*, c.remote, c.vetting AS vetting_needed, z.r50_km AS need_r50_km
    FROM need n JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code
    WHERE n.id = :need_id
), key AS (
    -- near zones only, unless distance does not matter
    SELECT k.offer_id, s.language, s.first, z.km
    FROM the_need n
    CROSS JOIN shared_languages(n.languages) s
    JOIN zone_near z ON z.zone_code = n.zone_code
    JOIN offer_key k ON k.category = n.category AND k.language = s.language AND k.zone_code = z.near_code
    WHERE NOT n.remote
    UNION ALL
    SELECT k.offer_id, s.language, s.first, NULL
    FROM the_need n
    CROSS JOIN shared_languages(n.languages) s
    JOIN offer_key k ON k.category = n.category AND k.language = s.language
    WHERE n.remote
), best_language AS (
    SELECT DISTINCT ON (k.offer_id) k.offer_id, k.language, k.first, k.km
    FROM key k CROSS JOIN the_need n ORDER BY k.offer_id, k.first DESC, array_position(n.languages, k.language), k.language
), candidate AS (
    SELECT o.id AS offer_id, o.member_id, o.group_id, k.km, n.need_r50_km, z.r50_km AS offer_r50_km, o.radius_km,
        k.language, NOT k.first AS second_language,
        least(1.0, used.tasks / CAST(m.per_week AS float8)) AS load, used.asks AS asks_last_week,
        CAST(coalesce(m.weekly_asks, :weekly_asks) AS int) AS weekly_asks,
        EXISTS (SELECT FROM ask a WHERE a.member_id = m.id AND a.urgent = (n.urgency = 'urgent') AND a.state IN ('planned', 'sent')) AS outstanding,
        m.time_zone, m.quiet_from, m.quiet_until, m.urgent_any_hour
    FROM best_language k
    CROSS JOIN the_need n
    JOIN offer o ON o.id = k.offer_id AND o.state = 'active'
    JOIN zone z ON z.code = o.zone_code
    JOIN member m ON m.id = o.member_id AND m.confirmed AND NOT m.mail_stopped
    JOIN membership s ON s.member_id = m.id AND s.group_id = o.group_id AND s.state = 'admitted' AND s.vetting >= n.vetting_needed
    CROSS JOIN LATERAL (
        SELECT (SELECT count(*) FROM unnest(m.task_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') AS tasks,
               (SELECT count(*) FROM unnest(m.ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') AS asks
    ) used
    WHERE (o.group_id = n.group_id OR (o.reach = 'alliance' AND n.reach = 'alliance'))
      AND (n.remote OR k.km = 0 OR k.km <= o.radius_km + n.widened_km)
      AND o.hours & n.hours <> 0
      AND used.tasks < m.per_week
      AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
      AND NOT EXISTS (SELECT FROM ask a WHERE a.need_id = n.id AND a.member_id = m.id AND (a.round = n.round OR a.state IN ('accepted', 'declined', 'planned', 'sent')))
      AND NOT EXISTS (SELECT FROM apart p WHERE p.one = least(m.contact_index, n.contact_index) AND p.other = greatest(m.contact_index, n.contact_index))
)
SELECT *, 0.60 * coalesce(least(1.0, sqrt(power(CAST(km AS float8), 2) + power(need_r50_km, 2) + power(offer_r50_km, 2)) / greatest(radius_km, 2)), 0)
    + 0.25 * CAST(second_language AS int) + 0.14 * load AS cost
FROM candidate
ORDER BY outstanding OR asks_last_week >= weekly_asks, cost, offer_id
LIMIT :most;

-- name: why_nobody(need_id, now)
-- How many offers that this need may use pass each test, and what fails for those that fail only one?
WITH the_need AS (
    SELECT n.*, c.remote, c.vetting AS vetting_needed FROM need n JOIN category c ON c.slug = n.category WHERE n.id = :need_id
), tested AS (
    SELECT o.id, o.languages, o.radius_km, z.km,
        n.category = ANY (o.categories) AS category,
        EXISTS (SELECT FROM shared_languages(n.languages) s WHERE s.language = ANY (o.languages)) AS language,
        n.remote OR o.zone_code = n.zone_code OR coalesce(z.km <= o.radius_km + n.widened_km, false) AS distance,
        o.state = 'active' AND s.vetting >= n.vetting_needed
            AND (SELECT count(*) FROM unnest(m.task_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') < m.per_week AS capacity,
        o.hours & n.hours <> 0 AS time,
        NOT EXISTS (SELECT FROM ask a WHERE a.need_id = n.id AND a.member_id = m.id) AS unasked
    FROM the_need n
    JOIN offer o ON o.state <> 'ended' AND (o.group_id = n.group_id OR (o.reach = 'alliance' AND n.reach = 'alliance'))
    JOIN member m ON m.id = o.member_id AND m.confirmed AND NOT m.mail_stopped
        AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
    JOIN membership s ON s.member_id = m.id AND s.group_id = o.group_id AND s.state = 'admitted'
    LEFT JOIN zone_near z ON z.zone_code = n.zone_code AND z.near_code = o.zone_code
    WHERE NOT EXISTS (SELECT FROM apart p WHERE p.one = least(m.contact_index, n.contact_index) AND p.other = greatest(m.contact_index, n.contact_index))
)
SELECT category, language, distance, capacity, time, unasked,
    CASE WHEN NOT distance AND language THEN
        CASE WHEN km - radius_km <= 5 THEN 5 WHEN km - radius_km <= 15 THEN 15 WHEN km - radius_km <= 30 THEN 30 WHEN km - radius_km <= 60 THEN 60 WHEN km - radius_km <= 120 THEN 120 END
    END AS within_km,
    CASE WHEN NOT language THEN languages END AS speaks,
    count(*) AS offers
FROM tested
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
