#!/usr/bin/env bash
# Builds usher into the file named first; further arguments go to `go build`. Everything that is built is built here: bin/usher,
# and the program that the tests of the docs run.
#
#   nomsgpack  leaves out gin's MessagePack codec (6 MB), which nothing here speaks.
#   modfile    takes the queue dashboard without its source maps: 5 MB that it embeds, and that no page loads. A module cannot
#              be trimmed where it lies, so a copy of it stands in for it. `go install` builds the same program, only larger.
set -euo pipefail
out=$(realpath -m "$1")
shift
cd "$(dirname "$0")/.."
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo dev)}

mkdir -p bin
tmp=$(mktemp -d bin/tmp.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
dashboard=github.com/hibiken/asynqmon
from=$(go list -f '{{.Dir}}' "$dashboard")
slim=bin/$(basename "$from")
if [ ! -d "$slim" ]; then # two builds may come to this at once: the second finds it done
  mkdir "$tmp/slim"
  cp -r "$from"/{go.mod,*.go,ui} "$tmp/slim"
  chmod -R u+w "$tmp/slim"
  find "$tmp/slim" -name '*.map' -delete
  mv -T "$tmp/slim" "$slim" 2>/dev/null || [ -d "$slim" ]
fi
cp go.mod "$tmp/build.mod"
cp go.sum "$tmp/build.sum"
go mod edit -replace "$dashboard=./$slim" "$tmp/build.mod"
CGO_ENABLED=${CGO_ENABLED:-0} go build -modfile "$tmp/build.mod" -tags nomsgpack -ldflags "-s -w -X main.version=$version" -o "$out" "$@" ./cmd/usher
