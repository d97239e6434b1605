#!/bin/sh
# Prints a token for an hour, signed with the callers' key that secrets.sh made. Argument: scopes, all by default.
set -eu
cd "$(dirname "$0")"
url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
scope=${1:-read:agent write:agent:status route:agent admin:region}
claims='{"iss":"callers","aud":"muster","sub":"trial","scope":"'$scope'","exp":'$(($(date +%s) + 3600))'}'
unsigned=$(mktemp)
trap 'rm -f "$unsigned"' EXIT
printf '%s.%s' "$(printf '{"alg":"EdDSA"}' | url)" "$(printf '%s' "$claims" | url)" > "$unsigned"
printf '%s.%s\n' "$(cat "$unsigned")" "$(openssl pkeyutl -sign -rawin -inkey secrets/callers.key.pem -in "$unsigned" | url)"
