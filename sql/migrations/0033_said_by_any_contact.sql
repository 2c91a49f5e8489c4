-- Another report of the two may be about a volunteer who is known by the contact of a need they posted, and not by that of their
-- account: it keeps the two apart too (0029).
CREATE OR REPLACE FUNCTION let_together(wanted uuid, helping uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM apart p USING pairs_of_two(wanted, helping) two
    WHERE p.one = two.one AND p.other = two.other AND p.kind = 'keep_apart' AND NOT EXISTS (
        SELECT FROM review r CROSS JOIN LATERAL pairs_of_two(r.need_id, r.member_id) said
        WHERE said.one = p.one AND said.other = p.other
          AND r.member_id IN (  -- all whom either hash may mean, so that few reports are looked at
              SELECT m.id FROM member m WHERE m.contact_index = ANY (ARRAY[p.one, p.other])
              UNION SELECT n.member_id FROM need n WHERE n.contact_index = ANY (ARRAY[p.one, p.other])
          )
          AND (r.state IN ('open', 'appealed') OR r.action IN ('kept_apart', 'suspended', 'closed'))
    );
END $$;
