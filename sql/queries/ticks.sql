-- name: add_markets(slugs, now)!
-- Every market has a row; a new one is due at once.
INSERT INTO market (slug, due_at) SELECT unnest(CAST(:slugs AS text[])), :now ON CONFLICT DO NOTHING;

-- name: forget_markets(slugs)
-- Removes markets of an earlier split, with their claims; not one that is being ticked right now. Returns which.
DELETE FROM market
WHERE slug IN (SELECT slug FROM market WHERE NOT slug = ANY (CAST(:slugs AS text[])) FOR UPDATE SKIP LOCKED)
RETURNING slug;

-- name: take_market(now)^
-- Which market is due? Its row is held until the transaction ends: nobody else ticks it meanwhile.
SELECT slug, ticks, ticked_at FROM market WHERE due_at <= :now ORDER BY due_at, slug LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: guard_tick(longest)!
-- For this transaction only: a solver whose machine vanished, or that hangs, lets go of its market soon.
SELECT set_config('tcp_keepalives_idle', '10', true), set_config('tcp_keepalives_interval', '5', true),
    set_config('tcp_keepalives_count', '3', true), set_config('idle_in_transaction_session_timeout', :longest, true);

-- name: postpone_market(slug, due_at)!
-- This market could not be ticked: not again at once.
UPDATE market SET due_at = :due_at
WHERE slug IN (SELECT slug FROM market WHERE slug = :slug AND due_at < :due_at FOR UPDATE SKIP LOCKED);

-- name: market_ticked(slug, due_at, ticked_at, seconds, needs, people, pairs, gap, asked, fresh, moved)!
-- What came of this tick, and when the next is due.
UPDATE market SET due_at = :due_at, ticks = ticks + 1, ticked_at = :ticked_at, seconds = CAST(:seconds AS jsonb),
    needs = :needs, people = :people, pairs = :pairs, gap = :gap, asked = :asked, fresh = fresh + :fresh, moved = moved + :moved
WHERE slug = :slug;

-- name: forget_classes(market)!
-- Clears what the tick before planned by community.
DELETE FROM market_class WHERE market = :market;

-- name: save_classes(market, tiers, communities, asked, served, open, planned)!
-- What this tick plans, by tier and community.
INSERT INTO market_class (market, tier, community, asked, served, open, planned)
SELECT :market, * FROM unnest(CAST(:tiers AS text[]), CAST(:communities AS text[]), CAST(:asked AS int[]), CAST(:served AS int[]),
    CAST(:open AS int[]), CAST(:planned AS int[]));

-- name: market_figures()
-- How did the last tick of each market go?
SELECT m.slug, m.ticks, m.ticked_at, m.seconds, m.needs, m.people, m.pairs, m.gap, m.asked, m.fresh, m.moved,
    coalesce(c.open, 0) AS open, coalesce(c.planned, 0) AS planned
FROM market m
LEFT JOIN (SELECT market, CAST(sum(open) AS int) AS open, CAST(sum(planned) AS int) AS planned FROM market_class GROUP BY 1) c ON c.market = m.slug
ORDER BY m.slug;

-- name: zone_places(layer)
-- In which region of this layer does each zone count, as on the board? In its province where it lies in none.
SELECT z.code AS zone, coalesce(r.code, z.province) AS place
FROM zone z
LEFT JOIN LATERAL (
    SELECT r.code FROM zone_region l JOIN region r ON r.id = l.region_id
    WHERE l.zone_code = z.code AND r.region_set = :layer ORDER BY l.weight DESC, r.code LIMIT 1
) r ON true;

-- name: pool_needs(zones, now)
-- The live needs of these zones: open ones that may be matched, and those whose slots are all taken.
SELECT n.id, n.zone_code AS zone, n.languages[1] AS language, n.urgency, n.helpers, n.filled, n.posted_at, n.state = 'open' AS open
FROM need n
WHERE n.zone_code = ANY (CAST(:zones AS text[]))
  AND (n.state = 'matched' OR (n.state = 'open' AND n.confirmed AND n.expires_at > :now))
ORDER BY n.id;

-- name: carried_slots(zones, now)
-- Slots asked for and served in needs of the last 28 days that have ended, by week: what is forgotten of a need after
-- two weeks, the day included, changes no count. A need that was no need (a duplicate, not safe) was not asked for.
SELECT zone_code AS zone, languages[1] AS language, CAST(sum(helpers) AS int) AS asked,
    CAST(sum(CASE WHEN state = 'met' THEN filled ELSE 0 END) AS int) AS served
FROM need
WHERE closed_at > CAST(:now AS timestamptz) - interval '28 days' AND date_trunc('week', closed_at) > CAST(:now AS timestamptz) - interval '28 days'
  AND close_reason IS DISTINCT FROM 'duplicate' AND close_reason IS DISTINCT FROM 'not_safe' AND state <> 'handed_over'
  AND zone_code = ANY (CAST(:zones AS text[]))
GROUP BY 1, 2;

-- name: pool_pairs(needs, weekly_asks, most, now)^
-- The cheapest people who could be asked now, for many needs at once, column by column: all values of one in a row, as they
-- would be sent, so that no pair ever is an object. A distance or a next cost that is not known is not a number.
SELECT string_agg(uuid_send(need_id), '') AS need, string_agg(uuid_send(offer_id), '') AS offer, string_agg(uuid_send(member_id), '') AS member,
    string_agg(uuid_send(group_id), '') AS "group", string_agg(float8send(cost), '') AS cost, string_agg(float4send(coalesce(km, 'NaN')), '') AS km,
    string_agg(float4send(radius_km), '') AS radius_km, string_agg(float4send(offer_r50_km), '') AS r50_km, string_agg(language, ' ') AS language,
    string_agg(boolsend(second_language), '') AS second, string_agg(float8send(coalesce(next_cost, 'NaN')), '') AS next_cost
FROM best_candidates(CAST(:needs AS uuid[]), :most, :weekly_asks, :now);

-- name: pool_people(members, weekly_asks, now)^
-- What these people have left of their week, and when they may be written to; column by column, in the order given.
SELECT array_agg(p.per_week - t.tasks ORDER BY w.at) AS tasks_left, array_agg(least(1.0, t.tasks / CAST(p.per_week AS float8)) ORDER BY w.at) AS load,
    array_agg(t.asks ORDER BY w.at) AS asks, array_agg(coalesce(p.weekly_asks, :weekly_asks) ORDER BY w.at) AS weekly_asks,
    array_agg(p.time_zone ORDER BY w.at) AS time_zone, array_agg(p.quiet_from ORDER BY w.at) AS quiet_from,
    array_agg(p.quiet_until ORDER BY w.at) AS quiet_until, array_agg(p.urgent_any_hour ORDER BY w.at) AS urgent_any_hour
FROM unnest(CAST(:members AS uuid[])) WITH ORDINALITY w (id, at)
JOIN member p ON p.id = w.id
CROSS JOIN LATERAL (
    SELECT CAST((SELECT count(*) FROM unnest(p.task_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') AS int) AS tasks,
        CAST((SELECT count(*) FROM unnest(p.ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') AS int) AS asks
) t;

-- name: asked_members()
-- Who has an ask that they have not answered? Until then the solve leaves them out.
SELECT member_id, bool_or(urgent) AS urgent, bool_or(NOT urgent) AS other FROM ask WHERE state IN ('planned', 'sent') GROUP BY 1;

-- name: home_zones(members)
-- Where is each of these people at home? Where their first offer is: they belong to one market, whatever they offer.
SELECT DISTINCT ON (member_id) member_id, zone_code AS zone FROM offer
WHERE member_id = ANY (CAST(:members AS uuid[])) AND state <> 'ended' ORDER BY member_id, created_at, id;

-- name: claims_of_market(market)
-- What the last tick of this market claims.
SELECT need_id, member_id FROM claim WHERE market = :market;

-- name: drop_claims(needs, members)!
-- Claims that the new plan does not make.
DELETE FROM claim USING unnest(CAST(:needs AS uuid[]), CAST(:members AS uuid[])) AS gone (need_id, member_id)
WHERE claim.need_id = gone.need_id AND claim.member_id = gone.member_id;

-- name: add_claims(market, needs, members, offers, tiers)!
-- Claims of the new plan; one that stays may be by another offer, or of another tier, than before.
INSERT INTO claim (market, need_id, member_id, offer_id, tier)
SELECT :market, * FROM unnest(CAST(:needs AS uuid[]), CAST(:members AS uuid[]), CAST(:offers AS uuid[]), CAST(:tiers AS text[]))
ON CONFLICT (need_id, member_id) DO UPDATE SET market = excluded.market, offer_id = excluded.offer_id, tier = excluded.tier
WHERE (claim.market, claim.offer_id, claim.tier) IS DISTINCT FROM (excluded.market, excluded.offer_id, excluded.tier);

-- name: claims_on(need_id, members, ticked_after)
-- Does the last tick claim these people for this need, and which most urgent tier of another open need claims them?
-- A claim of a solver that has stopped keeps nobody.
SELECT c.member_id, bool_or(c.need_id = :need_id) AS claimed,
    CASE min(array_position('{urgent,medium,low}', c.tier)) FILTER (WHERE c.need_id <> :need_id)
        WHEN 1 THEN 'urgent' WHEN 2 THEN 'medium' WHEN 3 THEN 'low' END AS claimed_by
FROM claim c
JOIN market m ON m.slug = c.market AND m.ticked_at > :ticked_after
JOIN need n ON n.id = c.need_id AND n.state = 'open'
WHERE c.member_id = ANY (CAST(:members AS uuid[]))
GROUP BY 1;

-- name: waves_due(needs, claimed, now, before)
-- For which of these needs is a wave due: an urgent one now, another before the next tick; or one that claims somebody
-- while nobody is asked? With what a plan for it depends on.
SELECT n.id, n.group_id, n.urgency, n.helpers - n.filled AS open_slots, n.round, n.waves, n.expires_at, n.needed_by, n.posted_at, z.r50_km AS need_r50_km,
    a.chances, a.sent_out, a.asked_since
FROM unnest(CAST(:needs AS uuid[])) w (id)
JOIN promise p ON p.job = 'match_need' AND p.subject = w.id
JOIN need n ON n.id = w.id AND n.state = 'open' AND n.confirmed AND n.expires_at > :now
JOIN zone z ON z.code = n.zone_code
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(CAST(k.terms ->> 'chance' AS float8) ORDER BY k.planned_at, k.id) FILTER (WHERE k.state IN ('planned', 'sent')), '{}') AS chances,
        coalesce(array_agg(k.planned_at ORDER BY k.planned_at, k.id) FILTER (WHERE k.state IN ('planned', 'sent')), '{}') AS sent_out,
        min(k.planned_at) FILTER (WHERE k.round = n.round) AS asked_since
    FROM ask k WHERE k.need_id = n.id
) a
WHERE p.due_at <= CASE WHEN n.urgency = 'urgent' THEN CAST(:now AS timestamptz) ELSE CAST(:before AS timestamptz) END
   OR (cardinality(a.chances) = 0 AND n.id = ANY (CAST(:claimed AS uuid[])))
ORDER BY array_position('{urgent,medium,low}', n.urgency), n.posted_at, n.id;

-- name: hold_match_promises(needs)
-- The promises to match these needs, held; those that a worker is keeping right now are left to it.
SELECT subject FROM promise WHERE job = 'match_need' AND subject = ANY (CAST(:needs AS uuid[])) FOR UPDATE SKIP LOCKED;

-- name: hold_planned_needs(needs, rounds, waves, slots, outs, now)
-- The needs that still are what was planned for, held; those that somebody is changing right now are left alone.
SELECT n.id FROM unnest(CAST(:needs AS uuid[]), CAST(:rounds AS int[]), CAST(:waves AS int[]), CAST(:slots AS int[]), CAST(:outs AS int[]))
    AS seen (id, round, waves, slots, outs)
JOIN need n ON n.id = seen.id
WHERE n.state = 'open' AND n.confirmed AND n.expires_at > :now AND n.round = seen.round AND n.waves = seen.waves
  AND n.helpers - n.filled = seen.slots
  AND (SELECT count(*) FROM ask k WHERE k.need_id = n.id AND k.state IN ('planned', 'sent')) = seen.outs
FOR NO KEY UPDATE OF n SKIP LOCKED;

-- name: count_asks(members, cap, now)
-- Counts one ask against the weekly cap of each of these people who has room, and whom nobody is asking right now.
UPDATE member
SET ask_times = array_append(ARRAY(SELECT t FROM unnest(ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days'), CAST(:now AS timestamptz))
WHERE id IN (SELECT id FROM member WHERE id = ANY (CAST(:members AS uuid[])) FOR NO KEY UPDATE SKIP LOCKED)
  AND (SELECT count(*) FROM unnest(ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') < coalesce(weekly_asks, :cap)
RETURNING id;

-- name: uncount_asks(members, at)!
-- Those asks were not made after all.
UPDATE member SET ask_times = array_remove(ask_times, CAST(:at AS timestamptz)) WHERE id = ANY (CAST(:members AS uuid[]));

-- name: add_asks(ids, needs, offers, members, groups, rounds, waves, urgent, languages, terms, now, times_out)
-- Many volunteers are to be asked, each unless another ask is with them already, or was about this need, or they may not help any more.
INSERT INTO ask (id, need_id, offer_id, member_id, group_id, round, wave, urgent, language, terms, planned_at, times_out_at)
SELECT id, need_id, offer_id, member_id, group_id, round, wave, urgent, language, CAST(terms AS jsonb), :now, times_out_at
FROM unnest(CAST(:ids AS uuid[]), CAST(:needs AS uuid[]), CAST(:offers AS uuid[]), CAST(:members AS uuid[]), CAST(:groups AS uuid[]),
    CAST(:rounds AS int[]), CAST(:waves AS int[]), CAST(:urgent AS boolean[]), CAST(:languages AS text[]), CAST(:terms AS text[]), CAST(:times_out AS timestamptz[]))
    AS planned (id, need_id, offer_id, member_id, group_id, round, wave, urgent, language, terms, times_out_at)
WHERE still_may_help(need_id, offer_id)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: next_waves(needs)!
-- Numbers the waves that were planned.
UPDATE need SET waves = waves + 1, exhausted_at = NULL WHERE id = ANY (CAST(:needs AS uuid[]));

-- name: add_events(needs, at, actor, kind, details)!
-- The same happened to many needs.
INSERT INTO need_event (need_id, at, actor, kind, detail)
SELECT need_id, :at, :actor, :kind, CAST(detail AS jsonb) FROM unnest(CAST(:needs AS uuid[]), CAST(:details AS text[])) AS happened (need_id, detail);

-- name: move_match_promises(needs, due)!
-- When to look at these needs again. The promises are held, so whoever promises anew meanwhile waits and comes after.
UPDATE promise SET due_at = moved.due_at, handed_at = NULL, tries = 0
FROM unnest(CAST(:needs AS uuid[]), CAST(:due AS timestamptz[])) AS moved (id, due_at)
WHERE promise.job = 'match_need' AND promise.subject = moved.id;

-- name: last_tick()$
-- When was any market last looked at as a whole? None: never.
SELECT max(ticked_at) FROM market;
