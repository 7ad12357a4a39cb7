-- Roles with the least privileges. For psql, in the shop's database, as a role that may make roles (with REPLICATION before
-- PostgreSQL 16: superuser); a second time it changes nothing:
--
--     psql -d shop -f roles.sql
--     psql -d shop -c '\password bazaard_writer' -c '\password bazaard_cdc'
--     PGOPTIONS='-c role=bazaard_owner' bazaard init --writer-role bazaard_writer --cdc --cdc-user bazaard_cdc ...
--
-- Other names: -v owner=NAME -v writer=NAME -v cdc=NAME. In a database that the shop shares with others, -v shared=yes leaves what
-- everybody may do there as it is: temporary tables, large objects, making things in the schema public.
\set ON_ERROR_STOP on
\if :{?owner}
\else
    \set owner bazaard_owner
\endif
\if :{?writer}
\else
    \set writer bazaard_writer
\endif
\if :{?cdc}
\else
    \set cdc bazaard_cdc
\endif

-- Owns the schemas `demo` and `bazaard` with all that is in them. Nobody logs in as this role: whoever sets up is a member of it.
SELECT format('CREATE ROLE %I NOLOGIN', :'owner') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
GRANT CREATE ON DATABASE :"DBNAME" TO :"owner";

-- Writes: `run` and `verify`. What it may do to which table, `bazaard init --writer-role` says, by the list that `run` checks at its
-- start. No TRUNCATE, no DDL; DELETE only by --writer-removes, for --retain.
SELECT format('CREATE ROLE %I LOGIN', :'writer') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'writer') \gexec
-- --workers and a few more.
ALTER ROLE :"writer" CONNECTION LIMIT 20;
-- The daemon sets limits of its own for each session; these are for whoever else gets hold of the role.
ALTER ROLE :"writer" IN DATABASE :"DBNAME" SET search_path = pg_catalog;
ALTER ROLE :"writer" IN DATABASE :"DBNAME" SET statement_timeout = '60s';
ALTER ROLE :"writer" IN DATABASE :"DBNAME" SET lock_timeout = '10s';
ALTER ROLE :"writer" IN DATABASE :"DBNAME" SET idle_in_transaction_session_timeout = '60s';
GRANT CONNECT ON DATABASE :"DBNAME" TO :"writer";
-- So the writer knows its owner, whose functions it calls: a role that may become it anyway. It takes no other's.
GRANT :"writer" TO :"owner";

-- What a role has not been given, it has as everybody: place on the server's disk, in tables and objects that nobody sees.
\if :{?shared}
\else
    REVOKE TEMPORARY ON DATABASE :"DBNAME" FROM PUBLIC;
    -- `load` and `reset` make one where prices change.
    GRANT TEMPORARY ON DATABASE :"DBNAME" TO :"owner";
    -- Not so from PostgreSQL 15 on.
    SELECT 'REVOKE CREATE ON SCHEMA public FROM PUBLIC' FROM pg_namespace WHERE nspname = 'public' \gexec
    -- The functions are those of this database alone; only a superuser may take them.
    SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.oid::regprocedure) FROM pg_proc p, pg_roles r WHERE
        p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea') AND
        r.rolname = current_user AND r.rolsuper \gexec
\endif

-- Reads changes: the connector. `bazaard cdc setup` gives it SELECT on the tables, and what its signals and heartbeats need.
SELECT format('CREATE ROLE %I LOGIN REPLICATION', :'cdc') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'cdc') \gexec
GRANT CONNECT ON DATABASE :"DBNAME" TO :"cdc";
