#!/bin/bash
# Holds the OpenAPI document of a running server against redocly's recommended rules. Needs Node.js and the npm registry.
set -euo pipefail
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$tmp"' EXIT
USHER_API_KEYS=admin:only-for-the-linter-0000 bin/usher serve examples/starter --addr 127.0.0.1:0 --db "sqlite:$tmp/usher.db" >"$tmp/out" &
server=$!
for _ in $(seq 300); do
  url=$(grep -om1 'http://127.0.0.1:[0-9]*' "$tmp/out" || true)
  [ -z "$url" ] || break
  sleep 0.1
done
curl -sf "$url/openapi.json" >"$tmp/openapi.json"
npx --yes @redocly/cli@2.77.0 lint --extends=recommended "$tmp/openapi.json"
