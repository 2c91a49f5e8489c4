-- name: every_candidate(need_ids, weekly_asks, now)
-- The oracle: every person for each need by their cheapest offer, the design read line by line. ST_DWithin and sort, and
-- nothing of what the search keeps for itself (zone_near, zone_around, shelves, steps, keys).
WITH the_need AS (
    SELECT n.*, c.remote, c.vetting AS least_vetting, z.centre, z.r50_km
    FROM need n JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code WHERE n.id = ANY (CAST(:need_ids AS uuid[]))
), possible AS (
    SELECT n.id AS need_id, n.urgency, n.round, n.contact_index AS asker, n.r50_km AS need_r50_km, z.r50_km AS offer_r50_km, o.id AS offer_id, o.radius_km, m.*,
        CASE WHEN NOT n.remote THEN CAST(round(CAST(ST_Distance(n.centre, z.centre) / 1000 AS numeric), 2) AS real) END AS km,
        (SELECT count(*) FROM unnest(m.task_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') AS tasks,
        (SELECT count(*) FROM unnest(m.ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') AS asks,
        n.languages[1] = ANY (o.languages) AS first,
        n.widened_km
    FROM the_need n
    JOIN offer o ON o.state = 'active' AND (o.group_id = n.group_id OR o.reach = 'alliance' AND n.reach = 'alliance')
    JOIN zone z ON z.code = o.zone_code AND (n.remote OR ST_DWithin(n.centre, z.centre, 1000 * (o.radius_km + n.widened_km) + 10))
    JOIN member m ON m.id = o.member_id AND m.confirmed AND NOT m.mail_stopped AND m.contact_kind = 'email'
    JOIN membership s ON s.member_id = m.id AND s.group_id = o.group_id AND s.state = 'admitted' AND s.vetting >= n.least_vetting
    WHERE n.category = ANY (o.categories) AND o.hours & n.hours <> 0
      AND (n.languages && o.languages OR EXISTS (
          SELECT FROM language_pair p
          WHERE p.spoken_a = ANY (n.languages) AND p.spoken_b = ANY (o.languages) OR p.spoken_b = ANY (n.languages) AND p.spoken_a = ANY (o.languages)
      ))
      AND NOT EXISTS (SELECT FROM unnest(m.move_times) moved WHERE moved > n.posted_at)
      AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
      AND NOT EXISTS (
          SELECT FROM apart p, (SELECT n.contact_index UNION SELECT a.contact_index FROM member a WHERE a.id = n.member_id) known (asker)
          WHERE p.one IN (m.contact_index, known.asker) AND p.other IN (m.contact_index, known.asker)
      )
), allowed AS (
    SELECT p.*, 0.6 * least(1, sqrt(CAST(km AS float8) ^ 2 + CAST(need_r50_km AS float8) ^ 2 + CAST(offer_r50_km AS float8) ^ 2) / greatest(radius_km, 2)) AS far
    FROM possible p
    WHERE (km IS NULL OR km <= radius_km + widened_km) AND tasks < per_week
      AND NOT EXISTS (
          SELECT FROM ask a WHERE a.need_id = p.need_id AND a.member_id = p.id
            AND (a.round = p.round OR a.state IN ('accepted', 'declined', 'planned', 'sent'))
      )
      AND asks < coalesce(weekly_asks, :weekly_asks)
      AND NOT EXISTS (SELECT FROM ask a WHERE a.member_id = p.id AND a.urgent = (p.urgency = 'urgent') AND a.state IN ('planned', 'sent'))
), costed AS (
    SELECT need_id, id AS member_id, CASE WHEN km IS NULL THEN 0 ELSE far END + CASE WHEN first THEN 0 ELSE 0.25 END
        + 0.14 * (CAST(tasks AS float8) / per_week) AS cost
    FROM allowed
)
SELECT need_id, member_id, min(cost) AS cost FROM costed GROUP BY 1, 2 ORDER BY 1, 3, 2;
