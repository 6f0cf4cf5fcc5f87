// Package e2e holds scenarios over the real binary, run as a process as a user would: through its
// command line, its REST API and a webhook sink. Nothing here imports the server's packages.
package e2e
