#!/usr/bin/env bash
# Everything that must hold: formatting, lint with the import rules, and every test. Arguments go to `go test`, as in -race.
# What the tests need and cannot have is a failure with a clear sentence, never a skip.
set -euo pipefail
cd "$(dirname "$0")/.."

# The integration tests start a private Redis on a free loopback port; here it is only made sure that there is a program.
find_redis() {
  if [ -n "${USHER_TEST_REDIS_SERVER:-}" ]; then return; fi
  if USHER_TEST_REDIS_SERVER=$(command -v redis-server); then export USHER_TEST_REDIS_SERVER; return; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "redis-server is missing: installing it"
    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null
    if USHER_TEST_REDIS_SERVER=$(command -v redis-server); then export USHER_TEST_REDIS_SERVER; return; fi
  fi
  echo "make test needs redis-server for its integration tests: install it (Debian: apt-get install redis-server)," >&2
  echo "or name the program in USHER_TEST_REDIS_SERVER" >&2
  exit 1
}

find_redis
echo "== vet"
go vet ./...
echo "== lint"
go tool -modfile=tools/go.mod golangci-lint run ./...
# The machine's time zone must not matter: not to the language, the engine, the pages of the docs or a command.
echo "== tests (TZ=Asia/Shanghai)"
TZ=Asia/Shanghai go test "$@" ./...
for zone in UTC America/New_York; do
  echo "== tests (TZ=$zone)"
  TZ=$zone go test -count=1 "$@" ./playbooks/... ./engine ./engine/sim/... ./actions/... ./api ./examples ./docs ./cmd/...
done
