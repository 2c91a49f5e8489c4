-- The tick: each market of the open pool is solved as a whole, again and again. What came of the last time is kept here.

-- One row a market. The row is also the lease: a solver holds its lock for as long as it ticks, and a solver that dies
-- lets go of it.
CREATE TABLE market (
    slug text PRIMARY KEY,
    due_at timestamptz NOT NULL,                -- when a solver should look at it next
    ticks bigint NOT NULL DEFAULT 0,
    ticked_at timestamptz,                      -- as which time the last tick saw the pool
    seconds jsonb NOT NULL DEFAULT '{}',        -- what its parts took
    needs int NOT NULL DEFAULT 0,               -- with an open slot
    people int NOT NULL DEFAULT 0,              -- with a free task and on some need's list
    pairs int NOT NULL DEFAULT 0,
    gap float8 NOT NULL DEFAULT 0,              -- what the prices leave for a cheaper plan, relative: 0 but for rounding
    asked int NOT NULL DEFAULT 0,               -- volunteers asked by it
    fresh bigint NOT NULL DEFAULT 0,            -- over all ticks: needs posted since the tick before
    moved bigint NOT NULL DEFAULT 0             -- over all ticks: claims that went to somebody else, with need and person still there
);

-- What the last tick planned, by tier and community: slots, and nothing of a person.
CREATE TABLE market_class (
    market text NOT NULL REFERENCES market (slug) ON DELETE CASCADE,
    tier text NOT NULL CHECK (tier IN ('urgent', 'medium', 'low')),
    community text NOT NULL,
    asked int NOT NULL,                         -- carried and live: what the rate is of
    served int NOT NULL,                        -- carried and accepted
    open int NOT NULL,
    planned int NOT NULL,                       -- of the open ones
    PRIMARY KEY (market, tier, community)
);

-- Whom the last tick claims for which need: others leave these people to it. Derived from need and member alone, and
-- written anew by every tick: foreign keys would lock rows that people are answering on.
CREATE TABLE claim (
    market text NOT NULL REFERENCES market (slug) ON DELETE CASCADE,
    need_id uuid NOT NULL,
    member_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    tier text NOT NULL CHECK (tier IN ('urgent', 'medium', 'low')),
    PRIMARY KEY (need_id, member_id)
);
CREATE INDEX claim_of_member ON claim (member_id);
CREATE INDEX claim_of_market ON claim (market);

-- What a tick carries over: slots of needs that ended in the last four weeks, without a look at the rows themselves.
CREATE INDEX need_carried ON need (closed_at) INCLUDE (state, zone_code, languages, helpers, filled, close_reason)
    WHERE closed_at IS NOT NULL;

