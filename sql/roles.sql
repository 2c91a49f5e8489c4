-- The three roles of every database of this server (ADR 20). Applied before the migrations, again and again.
DO $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['careweb_owner NOLOGIN', 'careweb_web LOGIN', 'careweb_matcher LOGIN'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = split_part(one, ' ', 1));
        BEGIN
            EXECUTE format('CREATE ROLE %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', one);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this server was first
        END;
    END LOOP;
    IF NOT pg_has_role('careweb_owner', 'MEMBER') THEN  -- an operator who is no superuser owns through this role
        EXECUTE format('GRANT careweb_owner TO %I', current_user);
    END IF;
END $$;
