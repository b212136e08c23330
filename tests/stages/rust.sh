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

# Each test that wants a Redis starts one of its own; here none may do without. What else a house does with Redis is tried
# with PostgreSQL beside it.
stage_redis() {
  need redis-server
  XUNYUAN_TEST_REDIS=required nextest -E 'test(/^(redis_link|counters|limits|cache|auth|usage|console)::/) or binary(catalogue)'
}

# As many nodes run: both engines at once.
stage_postgres() {
  need redis-server
  start_postgres
  XUNYUAN_TEST_POSTGRES="$postgres_url" XUNYUAN_TEST_REDIS=required \
    nextest -E 'test(/^(sql|audit|ledger|partners|auth|orders|fulfilment|aftersale|webhooks|commands)::/) or kind(test)'
  local own
  own=$(psql "$postgres_url" -Atc "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t[0-9a-f]{32}$')
    + (SELECT count(*) FROM pg_database WHERE datname ~ '^it_')")
  [ "$own" -gt 0 ] || die "the suite passed, but no test used PostgreSQL"
}

# What passes only when asked again is printed as FLAKY, and is a fault of the test to be mended; it does not hold up
# a change on a machine that stood still for a while.
nextest() {
  cargo nextest run --locked --no-fail-fast --retries 2 --hide-progress-bar --status-level retry --final-status-level slow "$@"
}
