-- Between what a plan read and the ask that comes of it somebody may have been kept apart from the asker, suspended, or gone to
-- rest. Asked when the ask is written, with the need and the person held: whoever changes one of these holds the person too, so
-- it comes before and is seen, or comes after and takes the ask back.
CREATE FUNCTION still_may_help(wanted uuid, offered uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp COST 500 AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM offer o
        JOIN membership s ON s.group_id = o.group_id AND s.member_id = o.member_id AND s.state = 'admitted'
        JOIN member m ON m.id = o.member_id
        JOIN need n ON n.id = wanted
        WHERE o.id = offered AND o.state = 'active' AND NOT EXISTS (
            SELECT FROM apart p WHERE p.one = least(m.contact_index, n.contact_index) AND p.other = greatest(m.contact_index, n.contact_index)
        )
    );
END $$;
