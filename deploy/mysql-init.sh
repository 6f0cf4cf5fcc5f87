#!/bin/bash
# Runs once, when the MySQL volume is new: one user for Bellwether's own database and one for
# Temporal's two, so that neither can read the other's.
set -eu

mysql --protocol=socket -uroot -p"$MYSQL_ROOT_PASSWORD" <<SQL
CREATE DATABASE IF NOT EXISTS bellwether CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS 'bellwether'@'%' IDENTIFIED BY '$BELLWETHER_DB_PASSWORD';
GRANT ALL ON bellwether.* TO 'bellwether'@'%';
CREATE USER IF NOT EXISTS 'temporal'@'%' IDENTIFIED BY '$TEMPORAL_DB_PASSWORD';
GRANT ALL ON temporal.* TO 'temporal'@'%';
GRANT ALL ON temporal_visibility.* TO 'temporal'@'%';
SQL
