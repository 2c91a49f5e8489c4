-- Reference tables: places, regions, languages. No table in this file holds a person, and only
-- these two (zone, region) may ever hold a geometry: everyone else points at a zone's code.
-- Every point and outline is longitude/latitude on WGS 84 (EPSG:4326), as geography: metres come out.
CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TABLE zone (
    code text PRIMARY KEY CHECK (code ~ '^([ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z]|[A-Z]{2}|U-[a-z0-9-]+)$'),
    kind text NOT NULL CHECK (kind IN ('postal', 'urban', 'province')),
    province char(2) NOT NULL,
    name_en text NOT NULL,
    name_fr text NOT NULL,
    town text NOT NULL DEFAULT '',  -- what the post office calls the town; groups a long list of zones
    centre geography(point, 4326) NOT NULL,
    outline geography(multipolygon, 4326),
    r50_km real NOT NULL CHECK (r50_km >= 0),  -- half of the residents live within this of the centre
    r90_km real NOT NULL CHECK (r90_km >= r50_km),
    time_zone text NOT NULL,
    residents integer NOT NULL CHECK (residents >= 0)
);
CREATE INDEX zone_centre_idx ON zone USING gist (centre);
CREATE INDEX zone_province_idx ON zone (province, kind);

CREATE TABLE zone_postal (
    postal char(3) PRIMARY KEY,
    zone_code text NOT NULL REFERENCES zone ON DELETE CASCADE
);
CREATE INDEX zone_postal_zone_idx ON zone_postal (zone_code);

-- Geodesic kilometres between centres, both directions, up to 250 km; a zone is near itself at 0.
-- Derived from zone alone, by one query, whole: foreign keys would check 700,000 codes and triple its time.
CREATE TABLE zone_near (
    zone_code text NOT NULL,
    near_code text NOT NULL,
    km real NOT NULL CHECK (km >= 0),
    PRIMARY KEY (zone_code, near_code) INCLUDE (km)
);

CREATE TABLE region_set (
    slug text PRIMARY KEY CHECK (slug ~ '^[a-z0-9][a-z0-9-]*$'),
    name_en text NOT NULL,
    name_fr text NOT NULL,
    reference_year integer NOT NULL CHECK (reference_year BETWEEN 1867 AND 2200),
    source text NOT NULL
);

CREATE TABLE region (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    region_set text NOT NULL REFERENCES region_set ON DELETE CASCADE,
    code text NOT NULL,
    name_en text NOT NULL,
    name_fr text NOT NULL,
    outline geography(multipolygon, 4326),
    parent_id integer REFERENCES region ON DELETE SET NULL,
    UNIQUE (region_set, code)
);
CREATE INDEX region_outline_idx ON region USING gist (outline);
CREATE INDEX region_parent_idx ON region (parent_id);

-- A zone may lie in several regions of one set: the weight is its share in each.
CREATE TABLE zone_region (
    zone_code text NOT NULL REFERENCES zone ON DELETE CASCADE,
    region_id integer NOT NULL REFERENCES region ON DELETE CASCADE,
    weight real NOT NULL CHECK (weight > 0 AND weight <= 1),
    PRIMARY KEY (zone_code, region_id)
);
CREATE INDEX zone_region_region_idx ON zone_region (region_id);

CREATE TABLE language (
    tag text PRIMARY KEY,
    spoken_id text NOT NULL,  -- spoken languages match on this alone; two scripts of one language share it
    is_spoken boolean NOT NULL,
    is_written boolean NOT NULL,
    script char(4) NOT NULL,
    dir text NOT NULL CHECK (dir IN ('ltr', 'rtl')),
    name_en text NOT NULL,
    name_fr text NOT NULL,
    name_zh text NOT NULL,
    endonym text NOT NULL,
    endonym_source text NOT NULL,
    knowledge_2021 integer CHECK (knowledge_2021 >= 0),
    babel_locale text,
    CHECK (is_spoken OR is_written),
    CHECK (NOT is_spoken OR tag = spoken_id)
);

CREATE TABLE language_alias (
    alias text NOT NULL,
    tag text NOT NULL REFERENCES language ON DELETE CASCADE,
    PRIMARY KEY (alias, tag)
);

-- Languages whose speakers a group has said can help each other. Edited by people, never inferred.
CREATE TABLE language_pair (
    spoken_a text NOT NULL REFERENCES language (tag),
    spoken_b text NOT NULL REFERENCES language (tag),
    note text NOT NULL,
    PRIMARY KEY (spoken_a, spoken_b),
    CHECK (spoken_a < spoken_b)
);

-- Which edition of each shipped data file this database holds, so that loading again is quick.
CREATE TABLE reference_data (
    name text PRIMARY KEY,
    sha256 text NOT NULL
);
