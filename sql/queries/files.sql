-- name: one_import_at_a_time(group_id)!
-- Two imports into one group take turns, batch by batch; held until the transaction ends.
SELECT pg_advisory_xact_lock(72031145, hashtext(CAST(CAST(:group_id AS uuid) AS text)));

-- name: zone_clocks()
-- Which zones are there, and what time is it in them?
SELECT code, time_zone FROM zone;

-- name: needs_by_ref(group_id, refs)
-- Which of these references has this group, and when did they come? One look into the unique index for each: asked
-- all at once, a planner that has not counted the table yet walks through the whole group instead.
SELECT n.source_ref, n.imported_at
FROM unnest(CAST(:refs AS text[])) AS r (ref)
CROSS JOIN LATERAL (SELECT source_ref, imported_at FROM need WHERE group_id = :group_id AND source_ref = r.ref LIMIT 1) AS n;

-- name: offers_by_ref(group_id, refs)
-- The same of offers.
SELECT o.source_ref, o.imported_at
FROM unnest(CAST(:refs AS text[])) AS r (ref)
CROSS JOIN LATERAL (SELECT source_ref, imported_at FROM offer WHERE group_id = :group_id AND source_ref = r.ref LIMIT 1) AS o;

-- name: import_needs(group_id, now, confirmed, ids, refs, categories, zones, languages, urgencies, helpers, needed_by, hours, locales, contact_kinds, contact_indexes, contacts, texts, consents, posted, expires)!
-- Many needs at once. Somebody to be confirmed who left a telephone number is called by a coordinator.
INSERT INTO need (id, group_id, category, zone_code, languages, urgency, helpers, needed_by, hours, locale, contact_kind, contact_index,
    confirmed, call_back, sealed_contact, sealed_text, sealed_consent, source_ref, posted_at, expires_at, imported_at)
SELECT r.id, :group_id, r.category, r.zone_code, string_to_array(r.languages, ' '), r.urgency, r.helpers, r.needed_by, r.hours, r.locale,
    r.contact_kind, r.contact_index, CAST(:confirmed AS boolean), r.contact_kind = 'phone' AND NOT CAST(:confirmed AS boolean),
    r.contact, r.text, r.consent, r.ref, r.posted_at, r.expires_at, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:refs AS text[]), CAST(:categories AS text[]), CAST(:zones AS text[]), CAST(:languages AS text[]),
    CAST(:urgencies AS text[]), CAST(:helpers AS smallint[]), CAST(:needed_by AS timestamptz[]), CAST(:hours AS bigint[]),
    CAST(:locales AS text[]), CAST(:contact_kinds AS text[]), CAST(:contact_indexes AS bytea[]), CAST(:contacts AS bytea[]),
    CAST(:texts AS bytea[]), CAST(:consents AS bytea[]), CAST(:posted AS timestamptz[]), CAST(:expires AS timestamptz[]))
    AS r (id, ref, category, zone_code, languages, urgency, helpers, needed_by, hours, locale, contact_kind, contact_index, contact,
        text, consent, posted_at, expires_at);

-- name: tell_imported(need_ids, now)!
-- The first line of each need's history.
INSERT INTO need_event (need_id, at, actor, kind) SELECT id, :now, 'coordinator', 'imported' FROM unnest(CAST(:need_ids AS uuid[])) AS id;

-- name: add_data_keys(record, ids, masters, wrapped)!
-- Keeps the wrapped data keys of many records.
INSERT INTO data_key (record, id, master, wrapped)
SELECT :record, r.id, r.master, r.wrapped
FROM unnest(CAST(:ids AS uuid[]), CAST(:masters AS smallint[]), CAST(:wrapped AS bytea[])) AS r (id, master, wrapped);

-- name: data_keys(record, ids)
-- Which wrapped keys open these records?
SELECT id, master, wrapped FROM data_key WHERE record = :record AND id = ANY (CAST(:ids AS uuid[]));

-- name: members_by_contact(contact_indexes)
-- Which of these contacts belong to members?
SELECT id, contact_index, confirmed FROM member WHERE contact_index = ANY (CAST(:contact_indexes AS bytea[]));

-- name: import_members(now, confirmed, ids, contact_indexes, contact_kinds, names, contacts, locales, time_zones, per_week)
-- Many new members; whoever signed up at this very moment is left as they are. Returns those added.
INSERT INTO member (id, contact_index, contact_kind, sealed_name, sealed_contact, locale, time_zone, per_week, confirmed, created_at)
SELECT r.id, r.contact_index, r.contact_kind, r.name, r.contact, r.locale, r.time_zone, r.per_week, CAST(:confirmed AS boolean), :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:contact_indexes AS bytea[]), CAST(:contact_kinds AS text[]), CAST(:names AS bytea[]),
    CAST(:contacts AS bytea[]), CAST(:locales AS text[]), CAST(:time_zones AS text[]), CAST(:per_week AS smallint[]))
    AS r (id, contact_index, contact_kind, name, contact, locale, time_zone, per_week)
ON CONFLICT (contact_index) DO NOTHING
RETURNING id;

-- name: confirm_members(ids)
-- Somebody has stated their consent for them. Returns who was not confirmed before.
UPDATE member SET confirmed = true WHERE id = ANY (CAST(:ids AS uuid[])) AND NOT confirmed RETURNING id;

-- name: import_memberships(group_id, member_ids, now)!
-- They are on this group's list now: a coordinator decides. Who was admitted or suspended stays so.
INSERT INTO membership (group_id, member_id, created_at)
SELECT :group_id, id, :now FROM (SELECT DISTINCT unnest(CAST(:member_ids AS uuid[])) AS id ORDER BY 1) AS m
ON CONFLICT DO NOTHING;

-- name: import_offers(group_id, now, ids, refs, member_ids, states, categories, languages, zones, radii, hours, consents)!
-- Many offers at once.
INSERT INTO offer (id, group_id, member_id, state, categories, languages, zone_code, radius_km, hours, source_ref, sealed_consent,
    created_at, updated_at, imported_at)
SELECT r.id, :group_id, r.member_id, r.state, string_to_array(r.categories, ' '), string_to_array(r.languages, ' '), r.zone_code,
    r.radius_km, r.hours, r.ref, r.consent, :now, :now, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:refs AS text[]), CAST(:member_ids AS uuid[]), CAST(:states AS text[]), CAST(:categories AS text[]),
    CAST(:languages AS text[]), CAST(:zones AS text[]), CAST(:radii AS real[]), CAST(:hours AS bigint[]), CAST(:consents AS bytea[]))
    AS r (id, ref, member_id, state, categories, languages, zone_code, radius_km, hours, consent);

-- name: askable_offers(group_id, ids)
-- Which of these offers may be asked at once: active, of people confirmed and admitted?
SELECT o.id
FROM offer o JOIN member m ON m.id = o.member_id AND m.confirmed
JOIN membership s ON s.member_id = m.id AND s.group_id = o.group_id AND s.state = 'admitted'
WHERE o.group_id = :group_id AND o.id = ANY (CAST(:ids AS uuid[])) AND o.state = 'active';

-- name: owe_confirmations_to_askers(ids, need_ids, now)
-- One message to each of these askers who has an e-mail address: do you want this?
INSERT INTO notice (id, kind, subject, need_id, created_at)
SELECT r.id, 'confirm_import', n.id, n.id, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:need_ids AS uuid[])) AS r (id, need_id) JOIN need n ON n.id = r.need_id
WHERE n.contact_kind = 'email' AND NOT n.confirmed AND NOT n.mail_stopped
ON CONFLICT DO NOTHING
RETURNING id;

-- name: owe_confirmations_to_members(ids, member_ids, now)
-- The same to members, once each, however often they are imported.
INSERT INTO notice (id, kind, subject, member_id, created_at)
SELECT r.id, 'confirm_import', m.id, m.id, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:member_ids AS uuid[])) AS r (id, member_id) JOIN member m ON m.id = r.member_id
WHERE m.contact_kind = 'email' AND NOT m.confirmed AND NOT m.mail_stopped
ON CONFLICT DO NOTHING
RETURNING id;

-- name: add_disclosure(id, at, what, group_id, sealed_reason)!
-- Names and contacts are about to leave in a file.
INSERT INTO disclosure (id, at, what, group_id, sealed_reason) VALUES (:id, :at, :what, :group_id, :sealed_reason);

-- name: export_needs(group_id, with_contact)
-- The needs of a group, or of all (NULL); what is sealed, and the key to it, only if asked for.
SELECT file_ref(CASE WHEN CAST(:group_id AS uuid) IS NULL THEN g.slug END, n.source_ref, n.id) AS ref, g.slug AS "group", n.category,
    n.zone_code AS place, n.languages, n.urgency, n.helpers, n.filled, n.state, n.confirmed, n.posted_at, n.needed_by, n.expires_at,
    n.closed_at, n.close_reason, n.id AS sealed_id,
    CASE WHEN k.id IS NOT NULL THEN n.sealed_name END AS name, CASE WHEN k.id IS NOT NULL THEN n.sealed_contact END AS contact,
    CASE WHEN k.id IS NOT NULL THEN n.sealed_text END AS note, k.master, k.wrapped
FROM need n JOIN care_group g ON g.id = n.group_id
LEFT JOIN data_key k ON CAST(:with_contact AS boolean) AND k.record = 'need' AND k.id = n.id
WHERE CAST(:group_id AS uuid) IS NULL OR n.group_id = :group_id
ORDER BY n.posted_at, n.id;

-- name: export_offers(group_id, with_contact)
-- The offers of a group, or of all.
SELECT file_ref(CASE WHEN CAST(:group_id AS uuid) IS NULL THEN g.slug END, o.source_ref, o.id) AS ref, g.slug AS "group", o.state,
    s.state AS membership, m.confirmed, o.categories, o.zone_code AS place, o.languages, o.radius_km, m.per_week, o.rests_until, o.created_at,
    m.id AS sealed_id, CASE WHEN k.id IS NOT NULL THEN m.sealed_name END AS name,
    CASE WHEN k.id IS NOT NULL THEN m.sealed_contact END AS contact, k.master, k.wrapped
FROM offer o JOIN care_group g ON g.id = o.group_id JOIN member m ON m.id = o.member_id
LEFT JOIN membership s ON s.group_id = o.group_id AND s.member_id = o.member_id
LEFT JOIN data_key k ON CAST(:with_contact AS boolean) AND k.record = 'member' AND k.id = m.id
WHERE CAST(:group_id AS uuid) IS NULL OR o.group_id = :group_id
ORDER BY o.created_at, o.id;

-- name: export_asks(group_id)
-- Who was asked about the needs of a group, or of all. What another group calls its offer stays there.
SELECT file_ref(CASE WHEN CAST(:group_id AS uuid) IS NULL THEN g.slug END, n.source_ref, n.id) AS need_ref,
    file_ref(CASE WHEN CAST(:group_id AS uuid) IS NULL THEN h.slug END,
        CASE WHEN CAST(:group_id AS uuid) IS NULL OR o.group_id = n.group_id THEN o.source_ref END, o.id) AS offer_ref,
    a.wave, a.state, a.planned_at, a.sent_at, a.answered_at
FROM ask a JOIN need n ON n.id = a.need_id JOIN offer o ON o.id = a.offer_id
JOIN care_group g ON g.id = n.group_id JOIN care_group h ON h.id = o.group_id
WHERE CAST(:group_id AS uuid) IS NULL OR n.group_id = :group_id
ORDER BY a.planned_at, a.id;

-- name: export_matches(group_id)
-- Who helped with the needs of a group, or of all.
SELECT file_ref(CASE WHEN CAST(:group_id AS uuid) IS NULL THEN g.slug END, n.source_ref, n.id) AS need_ref,
    file_ref(CASE WHEN CAST(:group_id AS uuid) IS NULL THEN h.slug END,
        CASE WHEN CAST(:group_id AS uuid) IS NULL OR o.group_id = n.group_id THEN o.source_ref END, o.id) AS offer_ref,
    t.slot, t.state, t.accepted_at, t.connected_at, t.ended_at, t.ended_by
FROM match t JOIN need n ON n.id = t.need_id JOIN offer o ON o.id = t.offer_id
JOIN care_group g ON g.id = n.group_id JOIN care_group h ON h.id = o.group_id
WHERE CAST(:group_id AS uuid) IS NULL OR n.group_id = :group_id
ORDER BY t.accepted_at, t.id;
