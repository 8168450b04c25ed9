# Run by the image of PostgreSQL with a new volume: the program's role, which owns its database and nothing else, and that of
# browser workers, to which `compliance migrate` gives the rights that rendering needs. The superuser loses its password: it
# gets in by the socket inside of the container alone.
psql --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" --set browser_password="$POSTGRES_BROWSER_PASSWORD" \
 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE compliance LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
CREATE ROLE compliance_browser LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'browser_password';
CREATE DATABASE compliance OWNER compliance;
REVOKE ALL ON DATABASE compliance FROM PUBLIC;
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
