# Sourced by tests/run: the bad days, short ones. tests/nemesis makes them as long as one likes.
# shellcheck shell=bash disable=SC2154

stage_nemesis() {
  need redis-server initdb postgres setpriv node
  need_packages
  local length=(--minutes 0.6 --orders 1500 --seed 1688)
  [ "$full" = no ] || length=(--minutes 5 --settle 600)
  # Where there is something to hear of, it must have been heard.
  if grep -q '"/v1/webhook-endpoints"' openapi/partner.json; then length+=(--strict); fi
  tests/nemesis "${length[@]}"
}
