-- name: server_facts()^
-- Which PostgreSQL and PostGIS is this, what does its clock say, and may we make tables?
SELECT current_setting('server_version_num')::integer AS version,
       (SELECT extversion FROM pg_extension WHERE extname = 'postgis') AS postgis,
       clock_timestamp() AS clock,
       has_schema_privilege('public', 'CREATE') AS may_create;

-- name: database_time()$
-- What time is it? The workers' one clock.
SELECT clock_timestamp();

-- name: table_is_there(name)$
-- Has a migration made this table?
SELECT to_regclass(:name) IS NOT NULL;
