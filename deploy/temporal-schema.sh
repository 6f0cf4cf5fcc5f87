#!/bin/sh
# Creates Temporal's databases and brings their schemas up to the version of this image. It may run
# any number of times. The connection comes from SQL_HOST, SQL_USER, SQL_PASSWORD and SQL_PLUGIN.
set -eu

schema() {
	database=$1 name=$2
	temporal-sql-tool --db "$database" create-database
	temporal-sql-tool --db "$database" setup-schema --version 0.0
	temporal-sql-tool --db "$database" update-schema --schema-name "$name"
}

schema temporal mysql/v8/temporal
schema temporal_visibility mysql/v8/visibility
echo "Temporal's schemas are up to date"
