-- name: group_of_city()
-- The groups of this town, by slug.
SELECT slug, id FROM care_group;

-- name: analyze_needs()!
-- The planner must not think that the tables are empty.
ANALYZE need;

-- name: candidates_alone(needs, most, weekly_asks, now)$
-- The search that a tick does, and nothing of what it finds.
SELECT count(*) FROM best_candidates(CAST(:needs AS uuid[]), :most, :weekly_asks, :now);

-- name: open_needs()
-- In which order does a tick read them?
SELECT id FROM need WHERE state = 'open' ORDER BY id;

-- name: due_now()!
-- The market is due, whatever the time.
UPDATE market SET due_at = clock_timestamp() - interval '1 second';

-- name: waves_due_now(share)!
-- As if so much time had passed that the waves of this share of needs are due.
UPDATE promise SET due_at = clock_timestamp() WHERE job = 'match_need' AND hashtext(CAST(subject AS text)) % 1000 < 1000 * CAST(:share AS float8);

-- name: is_resting()$
-- Is there a market, with no tick due or under way?
SELECT EXISTS (SELECT FROM market) AND NOT EXISTS (SELECT FROM market WHERE due_at <= clock_timestamp());

-- name: ticks()^
-- How did the market's last tick go?
SELECT * FROM market;

-- name: planned()^
-- Open slots, and those for which somebody is claimed.
SELECT sum(open) AS open, sum(planned) AS planned FROM market_class;

-- name: some_asks(share)
-- Some of the asks that are out.
SELECT id, member_id FROM ask WHERE state IN ('planned', 'sent') AND random() < CAST(:share AS float8);

-- name: doubled()$
-- Volunteers with more than one ask of a kind out, or more asks than fit their week: none.
SELECT (SELECT count(*) FROM (SELECT FROM ask WHERE state IN ('planned', 'sent') GROUP BY member_id, urgent HAVING count(*) > 1) twice)
    + (SELECT count(*) FROM member WHERE cardinality(ask_times) > 5)
    + (SELECT count(*) FROM ask a WHERE state = 'planned' AND NOT EXISTS (SELECT FROM promise p WHERE p.job = 'time_out_ask' AND p.subject = a.id));

-- name: planned_asks()
-- Asks that are written and not yet sent.
SELECT need_id, member_id FROM ask WHERE state = 'planned';

-- name: claims_of_unasked()
-- Whom the last tick claims for needs that nobody is asked about.
SELECT c.need_id, c.member_id FROM claim c
JOIN need n ON n.id = c.need_id AND n.state = 'open'
WHERE NOT EXISTS (SELECT FROM ask a WHERE a.need_id = c.need_id AND a.state IN ('planned', 'sent'))
  AND NOT EXISTS (SELECT FROM ask a WHERE a.member_id = c.member_id AND a.state IN ('planned', 'sent'));

-- name: claims()
-- Whom the last tick claims.
SELECT need_id, member_id FROM claim;

-- name: people_out()$
-- How many have an ask that they have not answered?
SELECT count(DISTINCT member_id) FROM ask WHERE state IN ('planned', 'sent');

-- name: solver_backends()
-- The backends that serve the solver process.
SELECT pid FROM pg_stat_activity WHERE application_name = 'careweb' AND datname = current_database();
