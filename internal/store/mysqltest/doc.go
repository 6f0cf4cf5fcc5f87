// Package mysqltest gives tests a MySQL server over a real connection: the one that the environment
// variable BELLWETHER_TEST_MYSQL_DSN names, or a private MariaDB on a temporary folder, which never
// touches the machine's own data.
package mysqltest

import "errors"

// EnvDSN names the environment variable with the DSN of a server for tests. Its user must be allowed
// to create databases; the DSN need not name one.
const EnvDSN = "BELLWETHER_TEST_MYSQL_DSN"

// ErrMissing says that there is no MariaDB to start.
var ErrMissing = errors.New("mariadbd and mariadb-install-db are not installed; install mariadb-server, or name a server in " + EnvDSN)
