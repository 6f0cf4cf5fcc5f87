#!/bin/sh
# Creates the namespace that Bellwether uses, unless it is there already. A run's workflow stays
# visible in the Web UI for the retention; Bellwether's own history is kept in its database.
set -eu

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
	echo "namespace $TEMPORAL_NAMESPACE exists"
else
	temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
fi
