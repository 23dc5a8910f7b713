#!/usr/bin/env bash
# Fill in the secrets that docker-compose.yml asks for: random, once, into .env, readable by its owner alone.
# What is set already stays. Run it again after an upgrade asks for a new one.
set -euo pipefail

cd "$(dirname "$0")/.."
umask 077
[ -f .env ] || cp .env.example .env
chmod 600 .env
[ -z "$(tail -c 1 .env)" ] || echo >>.env # a last line without its end would swallow the next

set_if_empty() { # NAME VALUE
    if ! grep -q "^$1=." .env; then
        sed -i "/^$1=\$/d" .env
        printf '%s=%s\n' "$1" "$2" >>.env
        echo "$1: written"
    fi
}
random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; } # hexadecimal: safe inside a URL

set_if_empty COMPOSE_PROFILES dev
for name in SILLOK_MYSQL_PASSWORD SILLOK_MYSQL_ROOT_PASSWORD SILLOK_POSTGRES_PASSWORD \
    SILLOK_OBJECTS_SECRET_KEY SILLOK_LAB_TOKEN; do
    set_if_empty "$name" "$(random 24)"
done
set_if_empty SILLOK_OBJECTS_ACCESS_KEY "sillok$(random 7)"
