# Run by the image of PostgreSQL with a new volume: the program's role, which owns its database and nothing else. The superuser
# loses its password: it gets in by the socket inside of the container alone.
psql --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE compliance LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE compliance OWNER compliance;
REVOKE CONNECT ON DATABASE compliance FROM PUBLIC;
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
