-- Roles with the least privileges. For psql, in the shop's database, as a role that may make roles (with REPLICATION before
-- PostgreSQL 16: superuser); a second time it changes nothing:
--
--     psql -d shop -f roles.sql
--     psql -d shop -c '\password bazaard_writer' -c '\password bazaard_cdc'
--     PGOPTIONS='-c role=bazaard_owner' bazaard init --writer-role bazaard_writer --cdc --cdc-user bazaard_cdc ...
--
-- Other names: -v owner=NAME -v writer=NAME -v cdc=NAME.
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

-- Reads changes: the connector. `bazaard cdc setup` gives it SELECT on the tables, and what its signals and heartbeats need.
SELECT format('CREATE ROLE %I LOGIN REPLICATION', :'cdc') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'cdc') \gexec
GRANT CONNECT ON DATABASE :"DBNAME" TO :"cdc";
