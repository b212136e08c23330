# Sourced by tests/run: the crate's own checks and tests.
# shellcheck shell=bash disable=SC2154

stage_fmt() {
  cargo fmt --check
}

stage_clippy() {
  cargo clippy --quiet --locked --all-targets -- -D warnings
}

stage_unit() {
  nextest
  cargo test --quiet --locked --doc
}

stage_redis() {
  start_redis
  XUNYUAN_TEST_REDIS="redis://127.0.0.1:$redis_port/" nextest
  local calls
  calls=$(redis-cli -p "$redis_port" info stats | sed -n 's/^total_connections_received:\([0-9]*\).*/\1/p')
  # Our own pings are a handful; a suite that never asked Redis has proved nothing.
  [ "$calls" -gt 10 ] || die "the suite passed, but no test used Redis"
}

stage_postgres() {
  start_postgres
  XUNYUAN_TEST_POSTGRES="$postgres_url" nextest -E 'test(/^(sql|ledger|partners|auth|orders)::/) or kind(test)'
  local schemas
  schemas=$(psql "$postgres_url" -Atc "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t[0-9a-f]{32}$'")
  [ "$schemas" -gt 0 ] || die "the suite passed, but no test used PostgreSQL"
}

nextest() {
  cargo nextest run --locked --no-fail-fast --hide-progress-bar --status-level fail --final-status-level slow "$@"
}
