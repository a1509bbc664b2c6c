#!/usr/bin/env bash
# Every benchmark, each beside its reference in the same run.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "== core"
go run ./bench/core
echo
echo "== simulation"
go run ./bench/simulate
echo
echo "== a group of 500 members with 20,000 messages a day, simulated and served"
go run ./bench/groups
echo
echo "== store (SQLite)"
go test ./bench -run '^$' -bench . | grep -E '^Benchmark'
echo
echo "== end to end"
go run ./bench/throughput
echo
echo "== a million waits that are due at one moment"
go run ./bench/due
echo
echo "== a million members, each with a run that waits"
go run ./bench/size
