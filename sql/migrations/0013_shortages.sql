-- What the last solve of each market found about what stays unserved. Written anew by every solve; counts only, so that
-- nothing here says who asked or who was asked. Without foreign keys: they would lock rows that people answer on.

-- Whom to look for: so many more volunteers of one kind serve so many more people, one each. Lines stand alone.
CREATE TABLE recruiting_line (
    market text NOT NULL,
    group_id uuid NOT NULL,
    region text NOT NULL,                       -- of the layer of urban areas, or a province; '' for remote help
    zone_code text NOT NULL,                    -- in whose town they would live; '' for remote help
    language text NOT NULL,
    category text NOT NULL,
    tier text NOT NULL CHECK (tier IN ('urgent', 'medium', 'low')),
    more smallint NOT NULL CHECK (more > 0),
    found_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, zone_code, language, category, tier, market)
);
CREATE INDEX recruiting_line_of_market ON recruiting_line (market);

-- How an open need stands in the whole pool, where there is something to say. `slots` 0: nobody is too few.
CREATE TABLE standing (
    need_id uuid PRIMARY KEY,
    market text NOT NULL,
    least_served boolean NOT NULL,              -- of its community less was served than of any other of its tier
    needs int NOT NULL,                         -- of its group, itself included, that share too few people
    slots int NOT NULL,                         -- helpers these want
    people int NOT NULL,                        -- free ones of its group, or shared, who could take them
    tasks int NOT NULL,                         -- that these have left this week
    other_needs int NOT NULL,                   -- of other groups; shown as none, a few or many
    other_people int NOT NULL,                  -- of other groups and not shared; the same
    found_at timestamptz NOT NULL
);
CREATE INDEX standing_of_market ON standing (market);

-- Zones in which an offer may lie that serves a need in this one, as offer_key numbers them: remote help lies in 0.
CREATE FUNCTION zones_near(around text, remote boolean) RETURNS TABLE (zone smallint, km real)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT n.zone, n.km FROM zone_around a CROSS JOIN LATERAL unnest(a.near, a.km) n (zone, km) WHERE a.zone_code = around AND NOT remote
    UNION ALL SELECT CAST(0 AS smallint), NULL WHERE remote
$$;

-- What other groups have of one kind and language, without a walk through all shelves.
CREATE INDEX offer_shelf_of_kind ON offer_shelf (category, language);
