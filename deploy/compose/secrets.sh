#!/bin/sh
# Makes the secrets of compose.yaml in ./secrets, once: keys of regions, callers and claim ids, passwords of Redis.
# Each container is shown its own as files below /run/secrets. Needs openssl.
set -eu
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo 'secrets/ is there already; delete it to make new ones' >&2; exit 1; }
# Containers run as users of their own, so the files are readable; the folder is not.
umask 022
mkdir -m 700 secrets

pair() {
  openssl genpkey -algorithm ed25519 -out "secrets/$1.key.pem"
  openssl pkey -in "secrets/$1.key.pem" -pubout -out "secrets/$1.pem"
  chmod 644 "secrets/$1.key.pem"
}
for name in us-east-1 eu-west-1 ap-southeast-1 callers; do pair "$name"; done

openssl rand -base64 32 > secrets/claims.key
for name in admin muster replica; do openssl rand -hex 32 > "secrets/redis_$name"; done
printf 'masterauth %s\n' "$(cat secrets/redis_replica)" > secrets/replica.conf

# Redis is given the digests of the passwords only.
digest() { tr -d '\n' < "secrets/redis_$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1; }
for file in cluster bus; do
  {
    echo 'user default off resetpass -@all'
    echo "user admin on #$(digest admin) ~* &* +@all"
    echo "user replica on #$(digest replica) +psync +replconf +ping"
    sed "s/>PASSWORD/#$(digest muster)/" "redis/$file.acl"
  } | grep -v '^#' > "secrets/$file.acl"
done
echo 'secrets/ is made'
