#!/bin/sh
# Joins nodes to a cluster with one replica for each master, unless they are one. Arguments: HOST:PORT of each node.
set -eu
REDISCLI_AUTH=$(cat "${SECRETS:-/run/secrets}/redis_admin")
export REDISCLI_AUTH

ask() {
  node=$1
  shift
  redis-cli -h "${node%:*}" -p "${node##*:}" --user admin --no-auth-warning "$@" 2>/dev/null || true
}

# Waits until a node's answer has a word in it, for a minute at most.
await() {
  node=$1 word=$2 tries=0
  shift 2
  until ask "$node" "$@" | grep -q "$word"; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || { echo "$node: no \"$word\" from $* within a minute" >&2; exit 1; }
    sleep 0.5
  done
}

for each; do await "$each" PONG ping; done
if ask "$1" cluster info | grep -q 'cluster_slots_assigned:16384'; then
  echo 'the nodes are a cluster already'
else
  redis-cli --user admin --no-auth-warning --cluster create "$@" --cluster-replicas 1 --cluster-yes
fi
for each; do await "$each" 'cluster_state:ok' cluster info; done
